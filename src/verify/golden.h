// Golden files: inputs, weights and results recorded from the reference implementations, against
// which `headroom verify` holds this build.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "tensor/safetensors.h"
#include "tensor/weights.h"

namespace headroom::verify {

/// A golden in safetensors format. Tensors named `in.…`, `mid.…` and `out.…` are inputs,
/// intermediate and final results; all others are weights under their checkpoint names, for which
/// the golden is a WeightSource. Immutable. Nothing about its sizes is known in advance: what a
/// verification needs to know it takes from config(), notes() and the shapes.
class Golden final : public WeightSource {
 public:
  /// Throws Error(input) for a file that is damaged or has no kind.
  static Golden open(const std::filesystem::path& path);

  /// The name for messages: the file name without its folders, printable.
  const std::string& label() const { return label_; }
  const std::filesystem::path& path() const { return file_.path(); }
  /// What the file calls itself: metadata `golden`, else `golden` in its config, else `kind`.
  const std::string& kind() const { return kind_; }
  /// Metadata `config` and `notes`; empty objects when there are none.
  const nlohmann::json& config() const { return config_; }
  const nlohmann::json& notes() const { return notes_; }
  /// Another metadata value: parsed when it is JSON, else as a string; null when it is absent.
  nlohmann::json metadata(const std::string& key) const;

  /// A tensor of the file. Throws Error(input) when it is missing.
  at::Tensor tensor(const std::string& name) const;
  /// All names that begin with `prefix`, in the order of the alphabet.
  std::vector<std::string> names(std::string_view prefix) const;

  bool has(const std::string& name) const override;
  std::vector<std::int64_t> shape_of(const std::string& name) const override;
  at::Tensor get(const std::string& name, at::IntArrayRef shape) override;

 private:
  explicit Golden(SafetensorsFile file);

  SafetensorsFile file_;
  std::string label_;
  std::string kind_;
  nlohmann::json config_;
  nlohmann::json notes_;
};

/// `json[key]` as T. Throws Error(input) that names file and key when it is missing or of another
/// type.
template <class T>
T field(const nlohmann::json& json, const std::string& key, const std::string& label) {
  try {
    return json.at(key).get<T>();
  } catch (const nlohmann::json::exception&) {
    throw Error(ErrorKind::input, label + ": '" + printable(key) + "' is missing or of wrong type");
  }
}

}  // namespace headroom::verify
