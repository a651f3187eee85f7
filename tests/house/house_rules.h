// Rules about the sources themselves, checked over a tree: that of the project, or one that a test
// makes up. Each check returns what it found as "file:line: what is wrong", nothing when all is
// well; paths are relative to the root.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace headroom::house {

using Findings = std::vector<std::string>;

/// `#include "floor/…"` of every source under src/ names its own floor or one below it.
Findings check_includes(const std::filesystem::path& root);

/// The libraries that a floor's CMakeLists.txt links belong to its own folder or one below it.
Findings check_links(const std::filesystem::path& root);

/// Nobody includes <torch/torch.h>.
Findings check_torch_header(const std::filesystem::path& root);

/// What a device can refuse is asked for through memory/ alone: allocators, streams, events, graphs
/// and library handles of CUDA, and libtorch's allocators.
Findings check_device_calls(const std::filesystem::path& root);

/// Sources stay below kMostLines.
Findings check_lengths(const std::filesystem::path& root);
inline constexpr int kMostLines = 500;

/// No text under src, tests, bench, fuzz, tools, docs or in the README names a path of the machine
/// it was written on.
Findings check_paths(const std::filesystem::path& root);

}  // namespace headroom::house
