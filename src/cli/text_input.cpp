#include "cli/text_input.h"

#include <cstdint>

#include "base/text.h"

namespace headroom::cli {

std::string text_or_file(const std::string& option) {
  constexpr std::uint64_t longest = 1 << 20;
  if (option.empty() || option[0] != '@') return option;
  auto text = read_text_file(option.substr(1), longest);
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace headroom::cli
