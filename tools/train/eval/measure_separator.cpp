#include <chrono>

#include "base/json.h"
#include "train/eval/measure.h"
#include "train/eval/vocals.h"
#include "train/recipes/clips.h"

namespace headroom::train {

nlohmann::json measure_separator(const studio::ModelFolder& model,
                                 const MeasureSettings& settings) {
  using Clock = std::chrono::steady_clock;
  const at::NoGradGuard no_grad;
  const auto roformer = model.load_separator();
  const ClipSettings clips{
      .seconds = settings.seconds, .rate = roformer.config.sample_rate, .sung = 1.0};
  auto ways = ways_to_vocals(roformer);
  double took = 0.0;
  ways["separator"] = [&](const at::Tensor& mix) {
    const auto began = Clock::now();
    auto made = vocals_of(roformer, mix);
    took += std::chrono::duration<double>(Clock::now() - began).count();
    return made;
  };
  VocalGains gains;
  for (std::int64_t i = 0; i < settings.songs; ++i) {
    const auto clip = render_clip(kHeldOutSongs + static_cast<std::uint64_t>(i), clips);
    gains.add(ways, clip.mix, clip.vocals);
  }
  auto result = gains.means();
  result["songs"] = settings.songs;
  result["times_realtime"] = settings.seconds * static_cast<double>(settings.songs) / took;
  return result;
}

}  // namespace headroom::train
