// Programs that speak and play what the synthesizer does not. They are not part of Headroom.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <ATen/ATen.h>

namespace headroom::train {

/// Runs `command`, whose first word is found in PATH, and waits; what it says goes nowhere. Throws
/// Error(input) when it cannot be started (naming the Debian package that has it) or fails.
void run_helper(const std::vector<std::string>& command, const std::string& package);

/// Runs a helper that writes the WAV file `made`, and loads that: [channels, n] at `rate` Hz.
/// Throws Error(input) when it fails or leaves no such file.
at::Tensor sound_of_helper(const std::vector<std::string>& command, const std::string& package,
                           const std::filesystem::path& made, int rate, std::int64_t channels);

}  // namespace headroom::train
