// LoRAs of a recorded run on the toy network.
#pragma once

#include <map>
#include <string>

#include "base/json.h"
#include "diffusion/lora_stack.h"
#include "verify/toy_decoder.h"

namespace headroom::verify {

/// The files are the tensors `in.lora.<id>.<key>` of the golden; the catalogue's order is that of
/// the alphabet. γ is 1, as recorded.
class ToyLoras {
 public:
  /// Both outlive it.
  ToyLoras(const Golden& golden, ToyDecoder& decoder);
  /// {"call": "enable_lora" | "set_lora_strength" | "disable_lora", "args", "kwargs"}; every change
  /// is merged before it returns. Throws Error(input).
  void apply(const nlohmann::json& event);

 private:
  const Golden& golden_;
  diffusion::LoraStack stack_;
  std::map<std::string, double> strengths_;
};

/// The tensors of a golden below `prefix`, without it.
std::map<std::string, at::Tensor> tensors_below(const Golden& golden, const std::string& prefix);

}  // namespace headroom::verify
