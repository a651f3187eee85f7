// Low-rank changes of weights (LoRA), from files of every usual convention.
//
//   Δ = γ·B·A,  A [r, in], B [out, r],  γ = alpha/r   (alpha/√r for rank-stabilised ones)
//
// Source: specification of the streaming engine, section 17.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "base/json.h"
#include "base/result.h"

namespace headroom::diffusion {

/// Weights that can be changed: name as the decoder calls it ("layers.0.self_attn.q_proj.weight")
/// and shape [out, in].
using LoraShapes = std::map<std::string, std::vector<std::int64_t>>;

/// The change of one weight in factors, as stored in the file (16 bit, often views on it).
struct LoraDelta {
  std::string target;
  at::Tensor a;  // [r, in], or of a Kronecker product the second factor
  at::Tensor b;  // [out, r], or the first factor
  double gamma = 1.0;
  bool kronecker = false;

  /// Δ in fp32, [out, in].
  at::Tensor full() const;
};

/// What one file changes. Immutable.
struct Lora {
  std::vector<LoraDelta> deltas;     // in the order of their targets
  std::vector<std::string> skipped;  // modules that this model does not have, or of another shape

  /// Bytes of the factors.
  std::uint64_t bytes() const;
};

/// Why a file cannot be used, in one line.
struct LoraRefusal {
  std::string reason;
};

struct LoraReading {
  /// `adapter_config.json` beside a PEFT file, or null.
  nlohmann::json adapter_config = nullptr;
  /// The file's own metadata.
  std::map<std::string, std::string> metadata{};
  /// Off: γ is 1 whatever the file says, as the reference has it (FIX-11a).
  bool scale_by_alpha = true;
};

/// Reads the tensors of a LoRA file, by name. Understood:
///   PEFT        [base_model.model.][decoder.]<path>.lora_A[.<adapter>].weight, …lora_B…
///   ComfyUI     [diffusion_model.][decoder.]<path>.lora_down.weight, .lora_up.weight, .alpha
///   kohya       lora_unet_[decoder_]<path with underscores>.lora_down.weight, …
///   LyCORIS     lycoris_<path with underscores>.lokr_w1, .lokr_w2 (each also as _a, _b)
/// Refused with the reason: names of other styles, decompositions that are not a plain sum (DoRA,
/// LoHa, Tucker, OFT), changes of biases, half of a pair, numbers that are not finite, and a file
/// of which nothing fits the model. Modules that the model lacks and pairs of another shape are
/// skipped when others fit; a shape is compared as a shape, not as a number of elements (FIX-11d).
Result<Lora, LoraRefusal> read_lora(const std::map<std::string, at::Tensor>& tensors,
                                    const LoraShapes& shapes, const LoraReading& reading = {});

}  // namespace headroom::diffusion
