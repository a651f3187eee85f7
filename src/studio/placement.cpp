#include "studio/placement.h"

namespace headroom::studio {

at::ScalarType placed_dtype(at::ScalarType stored, at::ScalarType wanted, bool keep_narrow) {
  const bool narrow = stored == at::kHalf || stored == at::kBFloat16;
  return keep_narrow && narrow && wanted == at::kFloat ? stored : wanted;
}

at::Tensor DevicePlacer::place(const at::Tensor& host, at::ScalarType dtype, bool exact) {
  return device_.to_device(host, placed_dtype(host.scalar_type(), dtype, keep_narrow_ && !exact),
                           purpose_);
}

at::Tensor CountingPlacer::place(const at::Tensor& host, at::ScalarType dtype, bool exact) {
  const auto placed = placed_dtype(host.scalar_type(), dtype, keep_narrow_ && !exact);
  bytes_ += memory::CachingPool::rounded(static_cast<std::uint64_t>(host.numel()) *
                                         c10::elementSize(placed));
  return at::zeros({1}, placed).expand(host.sizes());
}

}  // namespace headroom::studio
