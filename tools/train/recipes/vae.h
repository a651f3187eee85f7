// Training of the VAE: reconstruction by spectra and waveform, without an adversary, because time
// on a CPU is scarce.
#pragma once

#include <vector>

#include "models/config.h"
#include "train/learn/trainer.h"
#include "train/recipes/clips.h"
#include "train/recipes/oobleck_start.h"

namespace headroom::train {

struct VaeExamples {
  std::int64_t batch = 2;
  std::int64_t frames = 40;  // of the latent in a piece; nine at either end hear the silence beyond
  ClipSettings clips = {};
  /// The decoder goes on learning while the latents stay what a transformer was trained on.
  bool freeze_encoder = false;
};

/// The sketch's VAE: 4 blocks instead of the published 5 (one stride of 8 replaces 2 and 4), which
/// leaves out the stage at 24 kHz; receptive fields are not larger than the published ones.
nlohmann::json sketch_vae_config();

class VaeRecipe : public Recipe {
 public:
  explicit VaeRecipe(nlohmann::json config = sketch_vae_config(), const VaeExamples& examples = {});

  std::string name() const override { return "vae"; }
  nlohmann::json config() const override { return json_; }
  Parameters initial(std::uint64_t seed) const override;
  std::map<std::string, double> learn(Parameters& parameters, std::int64_t step,
                                      std::uint64_t seed) override;
  void write(Parameters& weights, const std::filesystem::path& folder) const override;
  std::map<std::string, at::Tensor> read(const std::filesystem::path& folder) const override;

 private:
  at::Tensor audio_to_begin_with() const;
  at::Tensor batch_of(std::int64_t step, synth::Dice& dice);

  nlohmann::json json_;
  models::OobleckConfig config_;
  VaeExamples examples_;
  ClipWindow clips_;
  std::vector<Slice> envelope_path_;  // of the encoder: what stays as it begins
};

}  // namespace headroom::train
