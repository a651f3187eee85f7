// A golden in memory, to be spoiled in one way and verified.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <ATen/ATen.h>

#include "base/json.h"
#include "temp_folder.h"
#include "tensor/safetensors.h"
#include "verify/verify.h"

namespace headroom::verify {

inline std::filesystem::path golden_path(const std::string& file) {
  return std::filesystem::path(HEADROOM_GOLDEN_DIR) / file;
}

struct GoldenCopy {
  std::map<std::string, at::Tensor> tensors;
  std::map<std::string, std::string> metadata;

  explicit GoldenCopy(const std::string& file) {
    const auto golden = SafetensorsFile::open(golden_path(file));
    for (const auto& entry : golden.entries())
      tensors[entry.name] = golden.tensor(entry.name).clone();
    metadata = golden.metadata();
  }

  /// Adds `by` to the first and the last element.
  void change(const std::string& name, double by) {
    auto flat = tensors.at(name).view({-1});
    const auto step =
        flat.is_floating_point() ? at::Scalar(by) : at::Scalar(static_cast<std::int64_t>(by));
    flat[0].add_(step);
    if (flat.numel() > 1) flat[-1].add_(step);
  }

  FileReport verify() const {
    const TempFolder folder;
    const auto path = folder / "copy.safetensors";
    save_safetensors(path, tensors, metadata);
    std::filesystem::copy_file(golden_path("bpe_tokenizer.json"), folder / "bpe_tokenizer.json");
    return verify_file(path);
  }
};

/// The report of one tensor; a failed one of that name when there is none.
inline TensorReport report_of(const FileReport& report, const std::string& name) {
  for (const auto& tensor : report.tensors) {
    if (tensor.name == name) return tensor;
  }
  return {.name = name, .status = Status::failed, .detail = "is not in the report"};
}

}  // namespace headroom::verify
