// The files of web/dist, as cmake/embed.cmake put them into the program.
#include <map>
#include <string>

#include "server/site.h"

namespace headroom::server {

struct EmbeddedFile {
  const char* path;
  const char* begin;
  const char* end;
};

}  // namespace headroom::server

#include "server/embedded_table.h"

namespace headroom::server {
namespace {

// Files that a build tool names after their content never change.
bool is_hashed(std::string_view path) { return path.starts_with("/assets/"); }

std::map<std::string, HttpReply, std::less<>> make_replies() {
  std::map<std::string, HttpReply, std::less<>> replies;
  for (const auto* file = kEmbeddedFiles; file->path != nullptr; ++file) {
    HttpReply reply;
    reply.headers = {{"Content-Type", std::string(content_type_of(file->path))},
                     {"Cache-Control",
                      is_hashed(file->path) ? "public, max-age=31536000, immutable" : "no-cache"}};
    reply.embedded =
        std::string_view(file->begin, static_cast<std::size_t>(file->end - file->begin));
    replies[file->path] = std::move(reply);
  }
  return replies;
}

}  // namespace

const HttpReply* embedded_file(std::string_view path) {
  static const auto replies = make_replies();
  const auto found = replies.find(path == "/" ? "/index.html" : path);
  return found == replies.end() ? nullptr : &found->second;
}

}  // namespace headroom::server
