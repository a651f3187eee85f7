#include "cli/self_test.h"

// The assembler reads the file named by the build; no generated source, no copy in memory.
__asm__(
    ".section .rodata\n"
    ".balign 16\n"
    "headroom_golden_begin:\n"
    ".incbin \"" HEADROOM_BUILT_IN_GOLDEN
    "\"\n"
    "headroom_golden_end:\n"
    ".byte 0\n"
    ".previous\n");

extern "C" {
extern const std::byte headroom_golden_begin[];
extern const std::byte headroom_golden_end[];
}

namespace headroom::cli {

std::span<const std::byte> built_in_golden() {
  return {headroom_golden_begin, headroom_golden_end};
}

}  // namespace headroom::cli
