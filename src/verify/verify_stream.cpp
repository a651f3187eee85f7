// The streaming engine's numbers: noise and schedules.
#include <fmt/format.h>

#include "diffusion/noise.h"
#include "diffusion/schedule.h"
#include "verify/families.h"

namespace headroom::verify {
namespace {

using namespace diffusion;

// Block-path values come from libtorch's vectorised logarithm and sine; ours lie this near.
constexpr Rule kNearNoise{.absolute = 4e-6};
// One unit in the last place of bf16 on top of that.
constexpr Rule kNoise16{.absolute = 4e-6, .relative = 0x1p-7};
constexpr std::int64_t kBlockPath = 16;

Rule noise_rule(std::int64_t count) { return count < kBlockPath ? kExact : kNearNoise; }

void add_both(const std::string& prefix, const std::string& suffix, const at::Tensor& noise,
              Results& results) {
  results.add(prefix + ".f32" + suffix, noise, noise_rule(noise.numel()));
  results.add(prefix + ".bf16" + suffix, noise.to(at::kBFloat16), kNoise16);
}

void add_draws(const Golden& golden, std::int64_t stored, Results& results) {
  const auto seed = static_cast<std::uint64_t>(stored);
  const auto sizes = golden.config().value("sizes", std::vector<std::int64_t>{});
  for (const auto size : sizes) {
    NoiseGenerator generator(seed);
    const auto name = fmt::format("out.randn.s{}.n{}", stored, size);
    results.add(name + ".first", generator.normal({size}), noise_rule(size));
    results.add(name + ".second", generator.normal({size}), noise_rule(size));
  }
  const auto uniform = fmt::format("out.rand.s{}", stored);
  if (golden.has(uniform)) {
    NoiseGenerator generator(seed);
    auto values = at::empty(golden.shape_of(uniform));
    for (std::int64_t i = 0; i < values.numel(); ++i) values[i] = generator.uniform();
    results.add(uniform, values, kExact);
  }
  const auto integers = fmt::format("out.rand24.s{}", stored);
  if (golden.has(integers)) {
    NoiseGenerator generator(seed);
    auto values = at::empty(golden.shape_of(integers), at::kLong);
    for (std::int64_t i = 0; i < values.numel(); ++i)
      values[i] = static_cast<std::int64_t>(generator.next() & 0xffffffU);
    results.add(integers, values, kExact);
  }
}

// One latent per seed; a negative seed goes on with the stream of the one before.
void add_noise_list(const Golden& golden, Results& results) {
  if (!golden.config().contains("noise_list")) return;
  const auto& list = golden.config()["noise_list"];
  const auto channels = field<std::int64_t>(list, "D", golden.label());
  const auto frames = field<std::int64_t>(list, "T", golden.label());
  std::vector<at::Tensor> rows;
  NoiseGenerator generator(0);
  for (const auto seed : field<std::vector<std::int64_t>>(list, "seeds", golden.label())) {
    if (seed >= 0) generator = NoiseGenerator(static_cast<std::uint64_t>(seed));
    rows.push_back(generator.normal({1, channels, frames}).transpose(1, 2));
  }
  if (!rows.empty()) add_both("out.noise_list", "", at::cat(rows), results);
}

std::vector<double> schedule_case(const nlohmann::json& row, const std::string& label) {
  if (!row.is_array() || row.size() != 3)
    throw Error(ErrorKind::input, label + ": a schedule case is not [steps, shift, denoise]");
  return timesteps(row[0].get<std::int64_t>(), row[1].get<double>(), row[2].get<double>());
}

}  // namespace

void verify_rng_cpu(Golden& golden, Results& results) {
  const auto& config = golden.config();
  for (const auto seed : config.value("seeds", std::vector<std::int64_t>{}))
    add_draws(golden, seed, results);
  const auto mixed = config.value("mixed", std::vector<std::vector<std::int64_t>>{});
  for (size_t i = 0; i < mixed.size(); ++i) {
    NoiseGenerator generator(field<std::uint64_t>(config, "mixed_seed", golden.label()));
    for (size_t k = 0; k < mixed[i].size(); ++k) {
      const auto size = mixed[i][k];
      results.add(fmt::format("out.mixed.{}.{}", i, k), generator.normal({size}), noise_rule(size));
    }
  }
  for (const auto seed : config.value("noise_seeds", std::vector<std::int64_t>{})) {
    for (const auto& shape :
         config.value("noise_shapes", std::vector<std::vector<std::int64_t>>{})) {
      add_both("out.noise", fmt::format(".s{}.T{}.D{}", seed, shape.at(0), shape.at(1)),
               initial_noise(static_cast<std::uint64_t>(seed), shape[0], shape[1]), results);
    }
  }
  add_noise_list(golden, results);
}

void verify_schedule(Golden& golden, Results& results) {
  const auto& config = golden.config();
  const auto cases = field<nlohmann::json>(config, "cases", golden.label());
  const auto count = static_cast<std::int64_t>(cases.size());
  const auto width = golden.shape_of("out.schedule_f32").back();
  auto table = at::full({count, width}, config.value("pad", -1.0), at::kDouble);
  auto lengths = at::zeros({count}, at::kLong);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto times = schedule_case(cases[static_cast<size_t>(i)], golden.label());
    lengths[i] = static_cast<std::int64_t>(times.size());
    for (size_t k = 0; k < times.size() && static_cast<std::int64_t>(k) < width; ++k)
      table[i][static_cast<std::int64_t>(k)] = times[k];
  }
  results.add("out.length", lengths, kExact);
  results.add("out.schedule_f32", table, {.absolute = 2e-7});
  // The reference's bf16 arithmetic, against ours, which stays in fp32.
  results.add("out.schedule_bf16", table, {.absolute = 0.012});
  if (config.contains("explicit_timesteps")) {
    const auto times = explicit_timesteps(
        field<std::vector<double>>(config, "explicit_timesteps", golden.label()));
    results.add("out.explicit_f32", at::tensor(times, at::kDouble), {.absolute = 2e-7});
  }
  // A shift of 0 makes the reference divide 0 by 0; here it is refused.
  for (const auto& name : golden.names("out.shift0_")) {
    bool refused = false;
    try {
      timesteps(golden.shape_of(name).back() - 1, 0.0, 1.0);
    } catch (const Error&) {
      refused = true;
    }
    results.fact(name, refused, refused ? "refused, as it must be" : "a shift of 0 was accepted");
  }
}

}  // namespace headroom::verify
