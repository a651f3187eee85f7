// The names in LoRA files: which module, and which part of its change.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "diffusion/lora.h"

namespace headroom::diffusion {

enum class LoraRole { down, up, alpha, w1, w1_a, w1_b, w2, w2_a, w2_b };

struct LoraName {
  std::string module;  // as it stands in the file, with its prefixes
  LoraRole role;
};

/// A tensor's name taken apart; the reason when it is of a style that cannot be used.
Result<LoraName, LoraRefusal> parse_lora_name(std::string_view name);

/// Finds the weight that a module of a file means.
class LoraModules {
 public:
  explicit LoraModules(const LoraShapes& shapes);
  /// "layers.0.self_attn.q_proj.weight", or nothing when the model has no such module.
  std::optional<std::string> find(std::string_view module) const;

 private:
  std::map<std::string, std::string, std::less<>> dotted_;
  std::map<std::string, std::string, std::less<>> underscored_;
};

/// alpha of a module by an `adapter_config.json`, nothing when it states none. Its patterns are
/// module names or ends of them.
std::optional<double> configured_alpha(const nlohmann::json& config, std::string_view module);

}  // namespace headroom::diffusion
