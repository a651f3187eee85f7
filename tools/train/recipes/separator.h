// Training of the separator: voices out of mixtures whose parts are known.
#pragma once

#include <filesystem>
#include <optional>

#include "models/mel_band_roformer.h"
#include "train/learn/trainer.h"
#include "train/recipes/clips.h"
#include "train/recipes/guests.h"

namespace headroom::train {

struct SeparatorExamples {
  std::int64_t batch = 3;
  std::int64_t frames = 150;          // STFT frames of a piece: three seconds
  std::filesystem::path guests = {};  // folder of guests.h; empty: none
};

/// The sketch's separator: one stem (vocals), 48 bands, half the published frame rate.
nlohmann::json sketch_separator_config();

class SeparatorRecipe : public Recipe {
 public:
  explicit SeparatorRecipe(nlohmann::json config = sketch_separator_config(),
                           SeparatorExamples examples = {});

  std::string name() const override { return "separator"; }
  nlohmann::json config() const override { return json_; }
  Parameters initial(std::uint64_t seed) const override;
  std::map<std::string, double> learn(Parameters& parameters, std::int64_t step,
                                      std::uint64_t seed) override;
  void write(Parameters& weights, const std::filesystem::path& folder) const override;
  std::map<std::string, at::Tensor> read(const std::filesystem::path& folder) const override;

 private:
  Clip example(std::int64_t step, synth::Dice& dice);
  Parts song_parts(std::int64_t step, synth::Dice& dice);
  Parts guest_parts(std::int64_t step, synth::Dice& dice);

  nlohmann::json json_;
  models::RoformerConfig config_;
  SeparatorExamples examples_;
  ClipWindow clips_;
  std::optional<Guests> guests_;
};

/// Numbers of a separator's config.json, the sizes that a checkpoint tells by its tensors included.
models::RoformerConfig roformer_config_of(const nlohmann::json& json);

}  // namespace headroom::train
