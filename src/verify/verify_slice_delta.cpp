// Slices of audio as half-precision differences to what a listener has.
#include <fmt/format.h>

#include "verify/families.h"
#include "wire/slice_delta.h"

namespace headroom::verify {
namespace {

std::vector<float> values_of(const at::Tensor& tensor) {
  const auto flat = tensor.to(at::kFloat).contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

at::Tensor halves(const wire::SliceDelta& slice) {
  auto bits = at::empty({static_cast<std::int64_t>(slice.count), slice.channels}, at::kHalf);
  std::copy(slice.delta.begin(), slice.delta.end(), static_cast<std::uint16_t*>(bits.data_ptr()));
  return bits;
}

}  // namespace

void verify_slice_delta(Golden& golden, Results& results) {
  const auto start = golden.tensor("in.mirror");
  wire::SliceMirror mirror(values_of(start), static_cast<std::uint16_t>(start.size(1)));
  const auto sequence = field<nlohmann::json>(golden.config(), "sequence", golden.label());
  for (size_t i = 0; i < sequence.size(); ++i) {
    const auto slice = mirror.advance(sequence[i].at(0).get<std::uint32_t>(),
                                      values_of(golden.tensor(fmt::format("in.slice.{}", i))));
    const auto& header = sequence[i].at(2);
    // flags, start, count, channels, …
    const bool same = header.is_null()
                          ? !slice
                          : slice && slice->start == header.at(1) && slice->count == header.at(2) &&
                                slice->channels == header.at(3);
    results.fact(fmt::format("header{}", i), same, header.dump());
    if (slice) results.add(fmt::format("out.delta.{}", i), halves(*slice), kExact);
    results.add(fmt::format("out.mirror.{}", i),
                at::tensor(mirror.samples(), at::kFloat).view(start.sizes()), kExact);
  }
}

}  // namespace headroom::verify
