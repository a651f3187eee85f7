#include <chrono>
#include <vector>

#include "base/json.h"
#include "studio/separation.h"
#include "train/eval/measure.h"
#include "train/learn/losses.h"
#include "train/recipes/clips.h"

namespace headroom::train {
namespace {

using Clock = std::chrono::steady_clock;

at::Tensor vocals_of(const models::Roformer& roformer, const at::Tensor& mix) {
  std::vector<at::Tensor> blocks;
  studio::separate(roformer, mix, roformer.config.sample_rate,
                   [&](const at::Tensor& stems) { blocks.push_back(stems[0].clone()); });
  return at::cat(blocks, 1);
}

// Both channels alike: what a singer in the middle and nobody else would leave.
at::Tensor middle_of(const at::Tensor& mix) {
  return mix.mean(0, /*keepdim=*/true).expand({2, -1});
}

}  // namespace

nlohmann::json measure_separator(const studio::ModelFolder& model,
                                 const MeasureSettings& settings) {
  const at::NoGradGuard no_grad;
  const auto roformer = model.load_separator();
  const ClipSettings clips{
      .seconds = settings.seconds, .rate = roformer.config.sample_rate, .sung = 1.0};
  double gain = 0.0;
  double middle = 0.0;
  double mixture = 0.0;
  double took = 0.0;
  for (std::int64_t i = 0; i < settings.songs; ++i) {
    const auto clip = render_clip(kHeldOutSongs + static_cast<std::uint64_t>(i), clips);
    const auto began = Clock::now();
    const auto made = vocals_of(roformer, clip.mix);
    took += std::chrono::duration<double>(Clock::now() - began).count();
    const auto before = si_sdr(clip.mix, clip.vocals).mean().item<double>();
    mixture += before;
    gain += si_sdr(made, clip.vocals).mean().item<double>() - before;
    middle += si_sdr(middle_of(clip.mix), clip.vocals).mean().item<double>() - before;
  }
  const auto count = static_cast<double>(settings.songs);
  return {{"songs", settings.songs},
          {"mixture_si_sdr_db", mixture / count},
          {"separator_gain_db", gain / count},
          {"middle_gain_db", middle / count},
          {"times_realtime", settings.seconds * count / took}};
}

}  // namespace headroom::train
