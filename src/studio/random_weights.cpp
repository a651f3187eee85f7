#include "studio/random_weights.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "diffusion/noise.h"

namespace headroom::studio {
namespace {

// A prime, so that rows of no width repeat.
constexpr std::int64_t kPool = 1'000'003;

bool ends(std::string_view name, std::string_view ending) { return name.ends_with(ending); }
bool holds(std::string_view name, std::string_view part) {
  return name.find(part) != std::string_view::npos;
}

std::int64_t fan_in(at::IntArrayRef shape) {
  std::int64_t product = 1;
  for (size_t i = 1; i < shape.size(); ++i) product *= shape[i];
  return std::max<std::int64_t>(1, product);
}

std::uint32_t hash(std::string_view text) {  // FNV-1a
  std::uint32_t value = 2166136261U;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 16777619U;
  return value;
}

// Mean and spread of a tensor by its role.
struct Spread {
  double mean = 0.0;
  double deviation = 1.0;
};

Spread weight_norm_gain(std::string_view name) {
  if (holds(name, "res_unit") && holds(name, "conv2"))
    return {0.3, 0.03};  // residual branches add up
  return {1.0, 0.1};
}

Spread spread_of(std::string_view name, at::IntArrayRef shape) {
  if (ends(name, "weight_g")) return weight_norm_gain(name);
  if (shape.size() == 1 && (holds(name, "norm") || ends(name, "gamma"))) return {1.0, 0.1};
  if (ends(name, "bias")) return {0.0, 0.02};
  if (ends(name, "alpha") || ends(name, "beta")) return {0.0, 0.1};
  if (holds(name, "scale_shift_table")) return {0.0, 0.1};
  if (ends(name, "embed_tokens.weight") && shape.size() == 2 && shape[0] > 4 * shape[1])
    return {0.0, 1.0};
  const double unit = 1.0 / std::sqrt(static_cast<double>(fan_in(shape)));
  if (holds(name, "time_proj")) return {0.0, 0.3 * unit};  // modulations stay small against one
  return {0.0, unit};
}

at::Tensor rotary_frequencies(std::int64_t count) {
  return at::pow(10000.0, at::arange(count, at::kDouble).div_(-static_cast<double>(count)))
      .to(at::kFloat);
}

}  // namespace

RandomWeights::RandomWeights(std::uint64_t seed, at::ScalarType dtype)
    : dtype_(dtype), pool_(diffusion::NoiseGenerator(seed).normal({kPool})) {}

bool RandomWeights::has(const std::string& name) const { return !holds(name, "parametrizations"); }

std::vector<std::int64_t> RandomWeights::shape_of(const std::string& name) const {
  throw Error(ErrorKind::internal,
              fmt::format("random weights have no shape of their own for '{}'", name));
}

at::Tensor RandomWeights::noise(const std::string& name, at::IntArrayRef shape) const {
  auto out = at::empty(shape, at::kFloat);
  const auto flat = out.view({-1});
  std::int64_t from = hash(name) % kPool;
  for (std::int64_t at = 0; at < flat.size(0);) {
    const auto count = std::min(flat.size(0) - at, kPool - from);
    flat.narrow(0, at, count).copy_(pool_.narrow(0, from, count));
    at += count;
    from = 0;
  }
  return out;
}

at::Tensor RandomWeights::get(const std::string& name, at::IntArrayRef shape) {
  if (ends(name, "rotary_embed.freqs")) return rotary_frequencies(shape[0]).to(dtype_);
  auto values = noise(name, shape);
  const auto [mean, deviation] = spread_of(name, shape);
  values.mul_(deviation).add_(mean);
  return values.to(dtype_);
}

bool RecordingSource::has(const std::string& name) const {
  return !holds(name, "parametrizations");
}

std::vector<std::int64_t> RecordingSource::shape_of(const std::string& name) const {
  const auto found = shapes_.find(name);
  if (found == shapes_.end())
    throw Error(ErrorKind::internal, fmt::format("nobody asked for '{}'", name));
  return found->second;
}

at::Tensor RecordingSource::get(const std::string& name, at::IntArrayRef shape) {
  shapes_[name] = shape.vec();
  return at::zeros({1}, stored_).expand(shape);
}

}  // namespace headroom::studio
