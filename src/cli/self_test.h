// The golden that is part of the program, for `headroom doctor`.
#pragma once

#include <cstddef>
#include <span>

namespace headroom::cli {

/// Bytes of a small golden file (the text encoder's), linked into the program.
std::span<const std::byte> built_in_golden();

}  // namespace headroom::cli
