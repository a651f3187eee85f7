#include "train/learn/export.h"

#include <fstream>

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "base/pending_file.h"
#include "tensor/safetensors.h"

namespace headroom::train {

void write_text_file(const std::filesystem::path& path, const std::string& text) {
  PendingFile pending(path);
  std::ofstream file(pending.path(), std::ios::binary);
  file << text;
  file.close();
  if (!file) throw Error(ErrorKind::output, fmt::format("{}: cannot be written", path.string()));
  pending.commit();
}

void write_part(const std::filesystem::path& folder, const nlohmann::json& config,
                const std::string& file, const std::map<std::string, at::Tensor>& tensors,
                at::ScalarType dtype) {
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  if (code) {
    throw Error(ErrorKind::output,
                fmt::format("{}: cannot be made: {}", folder.string(), code.message()));
  }
  write_text_file(folder / "config.json", config.dump(2));
  std::map<std::string, at::Tensor> narrow;
  for (const auto& [name, tensor] : tensors) narrow[name] = tensor.detach().to(dtype);
  save_safetensors(folder / file, narrow, {{"format", "pt"}});
}

std::map<std::string, at::Tensor> read_part(const std::filesystem::path& folder,
                                            const std::string& file) {
  const auto stored = SafetensorsFile::open(folder / file);
  std::map<std::string, at::Tensor> tensors;
  for (const auto& entry : stored.entries())
    tensors[entry.name] = stored.tensor(entry.name).to(at::kFloat);
  return tensors;
}

}  // namespace headroom::train
