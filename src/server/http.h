// A request and its answer, without any socket.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace headroom::server {

struct HttpRequest {
  std::string method;                            // GET, HEAD, POST, DELETE, …
  std::string target;                            // path and query, as it came
  std::map<std::string, std::string> headers{};  // names in lower case
  std::string body{};
  std::string address{};  // of the peer

  std::string_view header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
  }
  /// Without query and fragment.
  std::string_view path() const {
    return std::string_view(target).substr(0, target.find_first_of("?#"));
  }
  bool reads() const { return method == "GET" || method == "HEAD"; }
};

/// A part of a file, sent without reading it into memory.
struct FilePart {
  std::filesystem::path path;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

struct HttpReply {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  std::optional<FilePart> file{};
  /// Static data of the program.
  std::optional<std::string_view> embedded{};

  std::uint64_t length() const {
    return file ? file->length : embedded ? embedded->size() : body.size();
  }
};

/// Name of a status: "Not Found".
std::string_view reason_of(int status);

HttpReply json_reply(const nlohmann::json& json, int status = 200);
HttpReply text_reply(int status, std::string text);

/// RFC 9457: a stable code for programs, a sentence for people, and numbers that explain it.
HttpReply problem(int status, std::string_view code, std::string_view detail,
                  nlohmann::json numbers = nlohmann::json::object());

/// A file with Range, If-Range, ETag and If-None-Match (W11); 404 when it is not there.
HttpReply file_reply(const HttpRequest& request, const std::filesystem::path& path);

/// Content type by the name's extension, else application/octet-stream.
std::string_view content_type_of(std::string_view name);

/// First and last byte of a single range, cut to `size`. `malformed` counts as no range.
struct ByteRange {
  std::uint64_t first;
  std::uint64_t last;
};
enum class RangeKind { whole, part, unsatisfiable };
RangeKind parse_range(std::string_view header, std::uint64_t size, ByteRange& range);

}  // namespace headroom::server
