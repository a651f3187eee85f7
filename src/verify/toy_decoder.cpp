#include "verify/toy_decoder.h"

namespace headroom::verify {

ToyDecoder::ToyDecoder(const Golden& golden)
    : x_proj(golden.tensor("in.dec.x_proj").clone()),
      c_proj(golden.tensor("in.dec.c_proj").clone()),
      e_proj(golden.tensor("in.dec.e_proj").clone()),
      bias(golden.tensor("in.dec.bias").clone()) {}

void ToyDecoder::velocities(std::span<const diffusion::Row> rows,
                            std::vector<at::Tensor>& velocities) {
  const auto dtype = x_proj.scalar_type();
  for (const auto& row : rows) {
    const auto& states = row.condition->states;
    const auto mask = row.condition->mask.to(dtype).unsqueeze(2);
    const auto pooled = (states.to(dtype) * mask).sum(1) / mask.sum(1).clamp_min(1.0);
    velocities.push_back(at::matmul(row.x.to(dtype), x_proj.t()) +
                         at::matmul(row.context.to(dtype), c_proj.t()) +
                         at::matmul(pooled, e_proj.t()).unsqueeze(1) + bias * row.t);
  }
}

}  // namespace headroom::verify
