#include "train/eval/vocals.h"

#include <vector>

#include "base/json.h"
#include "studio/separation.h"
#include "train/eval/harmonic_percussive.h"
#include "train/learn/losses.h"

namespace headroom::train {

at::Tensor vocals_of(const models::Roformer& roformer, const at::Tensor& mix) {
  std::vector<at::Tensor> blocks;
  studio::separate(roformer, mix, roformer.config.sample_rate,
                   [&](const at::Tensor& stems) { blocks.push_back(stems[0].clone()); });
  return at::cat(blocks, 1);
}

std::map<std::string, WayToVocals> ways_to_vocals(const models::Roformer& roformer) {
  return {{"separator", [&](const at::Tensor& mix) { return vocals_of(roformer, mix); }},
          {"middle",
           [](const at::Tensor& mix) {
             return mix.mean(0, /*keepdim=*/true).expand({2, -1});
           }},
          {"harmonic",
           [](const at::Tensor& mix) { return split_harmonic_percussive(mix, 2048).harmonic; }},
          {"median_filters", [](const at::Tensor& mix) { return voice_by_median_filters(mix); }}};
}

void VocalGains::add(const std::map<std::string, WayToVocals>& ways, const at::Tensor& mix,
                     const at::Tensor& vocals) {
  const auto before = si_sdr(mix, vocals).mean().item<double>();
  mixture += before;
  mixtures.push_back(before);
  for (const auto& [name, way] : ways) {
    const auto gain = si_sdr(way(mix), vocals).mean().item<double>() - before;
    gains[name] += gain;
    if (name == "separator") separated.push_back(gain);
  }
  ++songs;
}

nlohmann::json VocalGains::means() const {
  const auto count = static_cast<double>(songs);
  nlohmann::json result{{"mixture_si_sdr_db", mixture / count}};
  for (const auto& [name, gain] : gains) result[name + "_gain_db"] = gain / count;
  result["each_mixture_db"] = mixtures;
  result["each_separator_gain_db"] = separated;
  return result;
}

}  // namespace headroom::train
