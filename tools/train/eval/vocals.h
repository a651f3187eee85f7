// Ways to a mixture's vocals: the separator, and what it has to beat.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <nlohmann/json_fwd.hpp>

#include "models/mel_band_roformer.h"

namespace headroom::train {

/// By the separator, as `headroom stems` runs it. `mix` [2, n] at its rate.
at::Tensor vocals_of(const models::Roformer& roformer, const at::Tensor& mix);

/// From a mixture [2, n] at the separator's rate to vocals [2, n].
using WayToVocals = std::function<at::Tensor(const at::Tensor& mix)>;

/// By name: "separator"; "middle", both channels alike, as a singer in the middle and nobody else
/// would leave them; "harmonic", what lasts (harmonic_percussive.h); "median_filters", what lasts
/// for a moment. The network outlives them.
std::map<std::string, WayToVocals> ways_to_vocals(const models::Roformer& roformer);

/// The sums of SI-SDR of vocals over that of their mixtures, for each way.
struct VocalGains {
  std::map<std::string, double> gains;  // dB
  double mixture = 0.0;                 // dB
  std::int64_t songs = 0;
  std::vector<double> mixtures, separated;  // dB, of each song; the gain of the separator

  /// Tries all ways on a mixture whose vocals are known; both [2, n].
  void add(const std::map<std::string, WayToVocals>& ways, const at::Tensor& mix,
           const at::Tensor& vocals);
  /// Means: "mixture_si_sdr_db", and "<way>_gain_db"; and for each song "each_mixture_db" and
  /// "each_separator_gain_db".
  nlohmann::json means() const;
};

}  // namespace headroom::train
