// Reads one tensor from a PyTorch zip archive (`torch.save` of a tensor) without a general
// unpickler: the published `silence_latent.pt`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include <ATen/ATen.h>

namespace headroom {

/// The archive must be an uncompressed ("stored") zip that holds `<name>/data.pkl` and
/// `<name>/data/0`; the pickle must be exactly the program that torch.save writes for one
/// contiguous CPU tensor of a float dtype. The pickle is matched against that fixed shape, opcode
/// by opcode; nothing in it is executed or looked up. Anything else is Error(checkpoint) with the
/// file name and the reason. The result owns its memory. Bounds: file ≤ 1 GiB, ≤ kMostDimensions
/// dimensions.
at::Tensor load_torch_tensor(const std::filesystem::path& path);

/// The same for an archive in memory; `label` names it in errors.
at::Tensor parse_torch_tensor(std::span<const std::uint8_t> bytes, const std::string& label);

/// Writes `tensor` (made contiguous, on the CPU) so that PyTorch's `torch.load` and the reader
/// above read it: at most 512 MiB of a float dtype. Throws Error(output).
void save_torch_tensor(const std::filesystem::path& target, const at::Tensor& tensor);

}  // namespace headroom
