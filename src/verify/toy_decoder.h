// The network of the streaming goldens: one linear map per input, row by row.
#pragma once

#include "diffusion/denoiser.h"
#include "verify/golden.h"

namespace headroom::verify {

/// v = hidden·Xᵀ + context·Cᵀ + pooled·Eᵀ + t·bias, pooled the masked mean of the condition's
/// states; weights `in.dec.x_proj`, `.c_proj`, `.e_proj`, `.bias` of the file, computed in their
/// dtype.
class ToyDecoder final : public diffusion::Denoiser {
 public:
  explicit ToyDecoder(const Golden& golden);

  void velocities(std::span<const diffusion::Row> rows,
                  std::vector<at::Tensor>& velocities) override;

  /// Named as the file names them, for those that change them.
  at::Tensor x_proj, c_proj, e_proj, bias;
};

}  // namespace headroom::verify
