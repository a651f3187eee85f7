#include "library/names.h"

#include <cstdlib>
#include <memory>

#include <fmt/format.h>
#include <utf8proc.h>

#include "base/text.h"

namespace headroom::library {
namespace {

// NFC, or with case folded; the text itself when it is none.
std::string mapped(std::string_view text, int options) {
  utf8proc_uint8_t* raw = nullptr;
  const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                 static_cast<utf8proc_ssize_t>(text.size()), &raw,
                                 static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(raw, &std::free);
  if (size < 0) return std::string(text);
  return {reinterpret_cast<const char*>(raw), static_cast<std::size_t>(size)};
}

bool is_kept(utf8proc_int32_t c) {
  if (c < 0x80)
    return std::isalnum(c) != 0 ||
           std::string_view("._-() ").find(static_cast<char>(c)) != std::string_view::npos;
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return true;
    default:
      return false;
  }
}

std::string last_component(std::string_view name) {
  while (!name.empty() && name.back() == '/') name.remove_suffix(1);
  const auto slash = name.rfind('/');
  return std::string(slash == std::string_view::npos ? name : name.substr(slash + 1));
}

std::string without_extension(std::string name) {
  const auto dot = name.rfind('.');
  // A dot at either end is none of an extension.
  if (dot == std::string::npos || dot == 0 || dot + 1 == name.size()) return name;
  return name.substr(0, dot);
}

std::string replaced(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto length = utf8_sequence_length(text, at);
    utf8proc_int32_t c = -1;
    if (length > 0)
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                       static_cast<utf8proc_ssize_t>(length), &c);
    if (c >= 0 && is_kept(c))
      out.append(text.substr(at, length));
    else
      out.push_back('_');
    at += length > 0 ? length : 1;
  }
  return out;
}

std::string stripped(std::string_view text) {
  const auto first = text.find_first_not_of(" .");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" .") - first + 1));
}

std::string cut(std::string text, std::size_t longest) {
  if (text.size() <= longest) return text;
  std::size_t at = 0;
  while (true) {
    const auto next = at + utf8_sequence_length(text, at);
    if (next > longest || next == at) break;
    at = next;
  }
  return stripped(text.substr(0, at));
}

}  // namespace

std::string folder_name(std::string_view name, std::string_view empty) {
  const auto stem = without_extension(last_component(name));
  const auto composed = mapped(stem, UTF8PROC_COMPOSE | UTF8PROC_STABLE);
  auto folder = cut(stripped(replaced(composed)), kLongestName);
  return folder.empty() ? std::string(empty) : folder;
}

std::string upload_folder(std::string_view name, int copy) {
  auto folder = folder_name(name, "upload");
  if (copy == 0) return folder;
  const auto suffix = fmt::format(" ({})", copy);
  return cut(folder, kLongestName - suffix.size()) + suffix;
}

std::string collision_key(std::string_view folder) {
  return mapped(folder, UTF8PROC_COMPOSE | UTF8PROC_STABLE | UTF8PROC_CASEFOLD);
}

bool may_be_looked_up(std::string_view name) {
  if (name.empty() || name == "." || name == ".." || name.size() > 1024) return false;
  if (find_invalid_utf8(name) != std::string_view::npos) return false;
  for (const char c : name) {
    if (c == '/' || c == '\\' || (c >= 0 && c < 0x20) || c == 0x7f) return false;
  }
  return true;
}

}  // namespace headroom::library
