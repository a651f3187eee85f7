#include "diffusion/lora_targets.h"

#include <fmt/format.h>

namespace headroom::diffusion {

std::map<std::string, LoraTarget> lora_targets(models::Dit& dit, WeightSource& checkpoint) {
  std::map<std::string, LoraTarget> targets;
  const auto add = [&](const std::string& module, models::Linear& linear) {
    const auto shape = linear.weight.sizes().vec();
    auto* source = &checkpoint;
    const auto stored = "decoder." + module + ".weight";
    targets[module + ".weight"] = {&linear.weight, [=] { return source->get(stored, shape); }};
  };
  const auto add_attention = [&](const std::string& module, models::Attention& attention) {
    add(module + ".q_proj", attention.q);
    add(module + ".k_proj", attention.k);
    add(module + ".v_proj", attention.v);
    add(module + ".o_proj", attention.out);
  };
  for (size_t i = 0; i < dit.layers.size(); ++i) {
    const auto layer = fmt::format("layers.{}.", i);
    add_attention(layer + "self_attn", dit.layers[i].self_attention);
    add_attention(layer + "cross_attn", dit.layers[i].cross_attention);
    add(layer + "mlp.gate_proj", dit.layers[i].mlp.gate);
    add(layer + "mlp.up_proj", dit.layers[i].mlp.up);
    add(layer + "mlp.down_proj", dit.layers[i].mlp.down);
  }
  add("condition_embedder", dit.condition_embedder);
  return targets;
}

bool acts_on_conditions(const std::string& target) {
  return target.starts_with("condition_embedder.") ||
         target.ends_with(".cross_attn.k_proj.weight") ||
         target.ends_with(".cross_attn.v_proj.weight");
}

}  // namespace headroom::diffusion
