#include "server/http.h"

#include <array>
#include <charconv>
#include <sys/stat.h>

#include <fmt/format.h>

#include "wire/message.h"

namespace headroom::server {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 20> kTypes{{
    {".wav", "audio/wav"},
    {".flac", "audio/flac"},
    {".mp3", "audio/mpeg"},
    {".ogg", "audio/ogg"},
    {".opus", "audio/ogg"},
    {".m4a", "audio/mp4"},
    {".mp4", "video/mp4"},
    {".webm", "video/webm"},
    {".mov", "video/quicktime"},
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".wasm", "application/wasm"},
    {".webmanifest", "application/manifest+json"},
    {".txt", "text/plain; charset=utf-8"},
}};

bool read_number(std::string_view text, std::uint64_t& value) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && result.ec == std::errc() && result.ptr == text.data() + text.size();
}

}  // namespace

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 507:
      return "Insufficient Storage";
    default:
      return "Status";
  }
}

HttpReply json_reply(const nlohmann::json& json, int status) {
  HttpReply reply{.status = status, .body = wire::dump(json)};
  reply.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
  return reply;
}

HttpReply text_reply(int status, std::string text) {
  HttpReply reply{.status = status, .body = std::move(text)};
  reply.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
  return reply;
}

HttpReply problem(int status, std::string_view code, std::string_view detail,
                  nlohmann::json numbers) {
  numbers["type"] = fmt::format("urn:headroom:{}", code);
  numbers["title"] = reason_of(status);
  numbers["status"] = status;
  numbers["code"] = code;
  numbers["detail"] = detail;
  HttpReply reply{.status = status, .body = wire::dump(numbers)};
  reply.headers.emplace_back("Content-Type", "application/problem+json");
  return reply;
}

std::string_view content_type_of(std::string_view name) {
  for (const auto& [extension, type] : kTypes) {
    if (name.ends_with(extension)) return type;
  }
  return "application/octet-stream";
}

RangeKind parse_range(std::string_view header, std::uint64_t size, ByteRange& range) {
  constexpr std::string_view unit = "bytes=";
  if (!header.starts_with(unit) || header.find(',') != std::string_view::npos)
    return RangeKind::whole;  // several ranges: the whole is always a right answer
  header.remove_prefix(unit.size());
  const auto dash = header.find('-');
  if (dash == std::string_view::npos) return RangeKind::whole;
  const auto first = header.substr(0, dash);
  const auto last = header.substr(dash + 1);
  std::uint64_t number = 0;
  if (first.empty()) {
    if (!read_number(last, number)) return RangeKind::whole;
    if (number == 0 || size == 0) return RangeKind::unsatisfiable;
    range = {number >= size ? 0 : size - number, size - 1};
    return RangeKind::part;
  }
  if (!read_number(first, number)) return RangeKind::whole;
  range = {number, size == 0 ? 0 : size - 1};
  if (!last.empty()) {
    if (!read_number(last, number) || number < range.first) return RangeKind::whole;
    range.last = std::min(range.last, number);
  }
  return range.first < size ? RangeKind::part : RangeKind::unsatisfiable;
}

HttpReply file_reply(const HttpRequest& request, const std::filesystem::path& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode))
    return text_reply(404, "404 not found\n");
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  const auto tag =
      fmt::format("\"{:x}-{:x}{:09x}\"", size, facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec);
  HttpReply reply;
  reply.headers = {{"Content-Type", std::string(content_type_of(path.filename().string()))},
                   {"ETag", tag},
                   {"Accept-Ranges", "bytes"},
                   {"Cache-Control", "no-cache"}};
  if (request.header("if-none-match") == tag) {
    reply.status = 304;
    return reply;
  }
  ByteRange range{};
  const auto guard = request.header("if-range");
  const auto kind = guard.empty() || guard == tag
                        ? parse_range(request.header("range"), size, range)
                        : RangeKind::whole;
  if (kind == RangeKind::unsatisfiable) {
    reply.status = 416;
    reply.headers.emplace_back("Content-Range", fmt::format("bytes */{}", size));
    return reply;
  }
  reply.file = FilePart{path, 0, size};
  if (kind == RangeKind::part) {
    reply.status = 206;
    reply.file = FilePart{path, range.first, range.last - range.first + 1};
    reply.headers.emplace_back("Content-Range",
                               fmt::format("bytes {}-{}/{}", range.first, range.last, size));
  }
  return reply;
}

}  // namespace headroom::server
