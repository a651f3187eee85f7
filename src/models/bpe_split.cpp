#include "models/bpe_split.h"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>
#include <utf8proc.h>

#include "base/error.h"

namespace headroom {
namespace {

enum class Kind : std::uint8_t { letter, number, newline, space, other };

// The Unicode property White_Space; U+000A and U+000D are `newline` here.
bool is_white_space(std::int32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

Kind kind_of(std::int32_t c) {
  if (c == '\n' || c == '\r') return Kind::newline;
  if (is_white_space(c)) return Kind::space;
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return Kind::letter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return Kind::number;
    default:
      return Kind::other;
  }
}

// One piece at a time; the methods are the alternatives of the pattern in their order. Each returns
// the end of its match at `i`, or `i` for none.
class Splitter {
 public:
  explicit Splitter(std::span<const std::int32_t> text) : text_(text), kinds_(text.size()) {
    std::transform(text.begin(), text.end(), kinds_.begin(), kind_of);
  }

  size_t piece_end(size_t i) const {
    for (const auto alternative : {&Splitter::contraction, &Splitter::word, &Splitter::digit,
                                   &Splitter::punctuation, &Splitter::white_space}) {
      const size_t end = (this->*alternative)(i);
      if (end > i) return end;
    }
    throw Error(ErrorKind::internal, "a character that no alternative of the word pattern matches");
  }

 private:
  bool is(size_t i, Kind kind) const { return i < kinds_.size() && kinds_[i] == kind; }
  bool blank(size_t i) const { return is(i, Kind::space) || is(i, Kind::newline); }

  // Lower case as the pattern's (?i:…) sees it: U+017F, the long s, counts as an s.
  std::int32_t folded(size_t i) const {
    if (i >= text_.size()) return 0;
    const auto c = text_[i];
    if (c == 0x17F) return 's';
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
  }

  size_t contraction(size_t i) const {
    if (text_[i] != '\'') return i;
    const auto first = folded(i + 1);
    if (first == 's' || first == 't' || first == 'm' || first == 'd') return i + 2;
    const auto second = folded(i + 2);
    const bool two = (first == 'r' && second == 'e') || (first == 'v' && second == 'e') ||
                     (first == 'l' && second == 'l');
    return two ? i + 3 : i;
  }

  size_t word(size_t i) const {
    const bool lead = is(i, Kind::space) || is(i, Kind::other);
    const size_t begin = lead ? i + 1 : i;
    const size_t end = run(begin, Kind::letter);
    return end > begin ? end : i;
  }

  size_t digit(size_t i) const { return is(i, Kind::number) ? i + 1 : i; }

  size_t punctuation(size_t i) const {
    const size_t begin = text_[i] == ' ' ? i + 1 : i;
    const size_t end = run(begin, Kind::other);
    return end > begin ? run(end, Kind::newline) : i;
  }

  // The last three alternatives, which share the run of white space that begins here.
  size_t white_space(size_t i) const {
    size_t end = i;
    size_t after_newline = i;
    for (; blank(end); ++end) {
      if (is(end, Kind::newline)) after_newline = end + 1;
    }
    if (after_newline > i) return after_newline;  // \s*[\r\n]+
    const bool last = end == text_.size();        // \s+(?!\S) gives one character back
    return !last && end - i > 1 ? end - 1 : end;  // when a word follows, if it has two
  }

  size_t run(size_t i, Kind kind) const {
    while (is(i, kind)) ++i;
    return i;
  }

  std::span<const std::int32_t> text_;
  std::vector<Kind> kinds_;
};

// Canonical decomposition of every character, marks not yet in canonical order.
std::vector<std::int32_t> decompose(std::string_view utf8) {
  // No character decomposes into more (Unicode 15: at most 4 code points).
  std::array<utf8proc_int32_t, 32> parts{};
  std::vector<std::int32_t> out;
  out.reserve(utf8.size());
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(utf8.data());
  for (size_t at = 0; at < utf8.size();) {
    utf8proc_int32_t c = 0;
    const auto used =
        utf8proc_iterate(bytes + at, static_cast<utf8proc_ssize_t>(utf8.size() - at), &c);
    int boundary = 0;
    const auto count = used < 1 ? used
                                : utf8proc_decompose_char(c, parts.data(), parts.size(),
                                                          UTF8PROC_DECOMPOSE, &boundary);
    if (used < 1 || count < 0 || count > static_cast<utf8proc_ssize_t>(parts.size())) {
      throw Error(ErrorKind::internal, fmt::format("byte {} cannot be decomposed", at));
    }
    out.insert(out.end(), parts.begin(), parts.begin() + count);
    at += static_cast<size_t>(used);
  }
  return out;
}

std::uint16_t combining_class(std::int32_t c) {
  return static_cast<std::uint16_t>(utf8proc_get_property(c)->combining_class);
}

void order_marks(std::vector<std::int32_t>& text) {
  for (auto at = text.begin(); at != text.end();) {
    if (combining_class(*at) == 0) {
      ++at;
      continue;
    }
    const auto end =
        std::find_if(at, text.end(), [](std::int32_t c) { return combining_class(c) == 0; });
    std::stable_sort(at, end, [](std::int32_t a, std::int32_t b) {
      return combining_class(a) < combining_class(b);
    });
    at = end;
  }
}

}  // namespace

std::vector<std::int32_t> to_nfc(std::string_view utf8) {
  if (std::all_of(utf8.begin(), utf8.end(), [](unsigned char c) { return c < 0x80; })) {
    return {utf8.begin(), utf8.end()};
  }
  auto text = decompose(utf8);
  order_marks(text);
  const auto composed = static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE);
  const auto size =
      utf8proc_normalize_utf32(text.data(), static_cast<utf8proc_ssize_t>(text.size()), composed);
  if (size < 0) throw Error(ErrorKind::internal, utf8proc_errmsg(size));
  text.resize(static_cast<size_t>(size));
  return text;
}

std::vector<size_t> split_words(std::span<const std::int32_t> text) {
  const Splitter splitter(text);
  std::vector<size_t> ends;
  for (size_t at = 0; at < text.size();) {
    at = splitter.piece_end(at);
    ends.push_back(at);
  }
  return ends;
}

}  // namespace headroom
