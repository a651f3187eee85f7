// The pickle inside of a torch.save archive of one tensor. Used by torch_archive.cpp alone.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/ATen.h>

namespace headroom {

struct PickledTensor {
  at::ScalarType dtype = at::kFloat;
  std::vector<std::int64_t> shape;
};

/// Name of the only storage, in the pickle and as the archive entry `data/0`.
inline constexpr std::string_view kStorageKey = "0";

/// Matches `pickle` against the one program that torch.save writes for a contiguous tensor that
/// fills its storage. Nothing is executed: there is no stack, no memo and no lookup of names, only
/// a cursor that knows which opcode must come next. Where torch versions differ (memo stores, the
/// width of integers, MARK…TUPLE or TUPLE1–3, the opcode of a string) either spelling is taken; so
/// is any device. Throws Error(checkpoint) beginning with `label`.
PickledTensor read_torch_pickle(std::span<const std::uint8_t> pickle, const std::string& label);

/// The program for `tensor`, contiguous and of a dtype that read_torch_pickle takes.
std::string write_torch_pickle(const at::Tensor& tensor);

/// True for the dtypes that both take.
bool torch_pickle_has(at::ScalarType dtype);

}  // namespace headroom
