#include "server/embedded.h"

#include <map>

namespace headroom::server {
namespace {

HttpReply reply_for(const EmbeddedFile& file) {
  const std::string_view path = file.path;
  HttpReply reply;
  reply.embedded = std::string_view(file.begin, static_cast<std::size_t>(file.end - file.begin));
  // Names below assets/ change with what is in them.
  const bool hashed = path.starts_with("/assets/");
  reply.headers = {{"Content-Type", std::string(content_type_of(path))},
                   {"Cache-Control", hashed ? "public, max-age=31536000, immutable" : "no-cache"},
                   {"X-Content-Type-Options", "nosniff"},
                   {"Permissions-Policy", "midi=*"}};
  return reply;
}

}  // namespace

const HttpReply* embedded_file(std::string_view path) {
  static const auto replies = [] {
    std::map<std::string, HttpReply, std::less<>> all;
    for (const auto& file : embedded_entries()) all.emplace(file.path, reply_for(file));
    return all;
  }();
  const auto found = replies.find(path == "/" ? std::string_view("/index.html") : path);
  return found == replies.end() ? nullptr : &found->second;
}

}  // namespace headroom::server
