// Training of everything that makes covers: text encoder, condition encoder, tokenizer and
// detokenizer, diffusion transformer, together.
//
// An example is a song in two of its arrangements. The source becomes hints and timbre, the
// target's words become the prompt, and the transformer learns the flow from noise to the target's
// latent. So it learns to keep what the arrangements share, which is the song, and to take the
// rest from the prompt. What the tokens keep of the source is what helps there: to give its latent
// back, which is nearly white, is beyond 80 bits a second.
#pragma once

#include <memory>

#include "models/bpe_tokenizer.h"
#include "models/config.h"
#include "studio/model_folder.h"
#include "train/learn/trainer.h"
#include "train/recipes/covers.h"

namespace headroom::train {

/// Sliding windows in every layer: what is learnt on ten seconds then holds at any length.
nlohmann::json sketch_dit_config();
/// `vocabulary`: tokens of the tokenizer.
nlohmann::json sketch_text_config(std::int64_t vocabulary);

struct DitExamples {
  std::int64_t batch = 8;
  std::int64_t songs_for_vocabulary = 1500;
  std::int64_t vocabulary = 1024;
  CoverSettings covers = {};
};

class DitRecipe : public Recipe {
 public:
  /// `vae` encodes the examples; `silence` is its latent of silence [C].
  DitRecipe(models::OobleckEncoder vae, nlohmann::json config = sketch_dit_config(),
            const DitExamples& examples = {});

  std::string name() const override { return "dit"; }
  nlohmann::json config() const override { return json_; }
  Parameters initial(std::uint64_t seed) const override;
  OptimizerSettings optimizer() const override;
  std::map<std::string, double> learn(Parameters& parameters, std::int64_t step,
                                      std::uint64_t seed) override;
  void write(Parameters& weights, const std::filesystem::path& folder) const override;
  std::map<std::string, at::Tensor> read(const std::filesystem::path& folder) const override;

 private:
  struct Example;
  Example example(std::int64_t step, synth::Dice& dice);
  at::Tensor flow_loss(const Weights& weights, const Example& of_one, synth::Dice& dice) const;

  nlohmann::json json_, text_json_;
  models::AceStepConfig config_;
  models::Qwen3Config text_config_;
  DitExamples examples_;
  std::string vocabulary_;  // tokenizer.json
  BpeTokenizer tokenizer_;
  at::Tensor silence_;  // [C]
  CoverWindow covers_;
};

/// The latent of silence [C] of an encoder, far from the edges of the piece.
at::Tensor silence_latent(const models::OobleckEncoder& encoder);

/// quantize() with a gradient: forwards the same values, backwards as if there were no rounding.
at::Tensor quantize_through(const models::Fsq& quantizer, const at::Tensor& pooled);

}  // namespace headroom::train
