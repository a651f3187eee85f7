// Trained weights in the published layout.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <ATen/ATen.h>
#include <nlohmann/json_fwd.hpp>

namespace headroom::train {

/// A folder with config.json and one safetensors file of `tensors` in `dtype`; makes the folder.
/// Every file appears whole. Throws Error(output).
void write_part(const std::filesystem::path& folder, const nlohmann::json& config,
                const std::string& file, const std::map<std::string, at::Tensor>& tensors,
                at::ScalarType dtype);

/// A text file that appears whole. Throws Error(output).
void write_text_file(const std::filesystem::path& path, const std::string& text);

/// What write_part() wrote, in fp32. Throws Error(checkpoint).
std::map<std::string, at::Tensor> read_part(const std::filesystem::path& folder,
                                            const std::string& file);

}  // namespace headroom::train
