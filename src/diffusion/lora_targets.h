// The weights of the diffusion transformer that LoRAs may change: every linear layer of its blocks.
#pragma once

#include <map>
#include <string>

#include "diffusion/lora_stack.h"
#include "models/dit.h"
#include "tensor/weights.h"

namespace headroom::diffusion {

/// By decoder-relative name. `dit` stays where it is and `checkpoint` (which stands at its root)
/// stays open for as long as the targets are used.
std::map<std::string, LoraTarget> lora_targets(models::Dit& dit, WeightSource& checkpoint);

/// Whether prepared conditions depend on that weight.
bool acts_on_conditions(const std::string& target);

}  // namespace headroom::diffusion
