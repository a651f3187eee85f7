// LoRA files and their sidecars as untrusted bytes: what the fuzzers and the corpus test do.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string_view>

#include "base/error.h"
#include "diffusion/lora.h"
#include "diffusion/lora_metadata.h"
#include "tensor/safetensors.h"

namespace headroom {

/// True when the file changes something of a model with one layer; every change was then computed.
inline bool try_lora(std::span<const std::uint8_t> bytes) {
  try {
    const auto file = SafetensorsFile::parse(bytes.data(), bytes.size(), "fuzz");
    std::map<std::string, at::Tensor> tensors;
    for (const auto& entry : file.entries()) tensors[entry.name] = file.tensor(entry.name);
    const diffusion::LoraShapes shapes{{"layers.0.self_attn.q_proj.weight", {4, 3}},
                                       {"layers.0.mlp.up_proj.weight", {6, 3}}};
    const auto lora = diffusion::read_lora(tensors, shapes, {.metadata = file.metadata()});
    if (!lora) {
      if (lora.error().reason.empty()) __builtin_trap();
      return false;
    }
    for (const auto& delta : lora.value().deltas) {
      if (delta.full().sizes() != at::IntArrayRef(shapes.at(delta.target))) __builtin_trap();
    }
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::checkpoint) __builtin_trap();
    return false;
  }
}

/// True when the sidecar was read as one; a record comes back in any case.
inline bool try_lora_metadata(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto record = diffusion::parse_lora_metadata("fuzz", text, text);
  if (record.id != "fuzz" || record.name.empty()) __builtin_trap();
  for (const auto& word : record.trigger_words) {
    if (word.empty()) __builtin_trap();
  }
  return record.has_metadata;
}

}  // namespace headroom
