// Semantic tokens and hints.
#include "models/semantic_tokenizer.h"
#include "verify/families.h"

namespace headroom::verify {
namespace {

// Codes as numbers in [−1, 1], one per dimension: the digits of the indices.
at::Tensor codes_of(const models::Fsq& quantizer, at::Tensor indices) {
  std::vector<at::Tensor> digits;
  for (const auto level : quantizer.levels) {
    digits.push_back(
        indices.remainder(level).to(at::kFloat) * (2.0 / static_cast<double>(level - 1)) - 1.0);
    indices = indices.div(level, "floor");
  }
  return at::stack(digits, -1);
}

}  // namespace

void verify_semantic_tokenizer(Golden& golden, Results& results) {
  const auto config = models::parse_acestep_config(golden.config(), golden.label());
  const auto tokenizer = models::bind_semantic_tokenizer(Weights(golden), config);
  const auto detokenizer = models::bind_semantic_detokenizer(Weights(golden), config);
  if (golden.has("in.latents")) {
    const auto latents = golden.tensor("in.latents");
    const auto pooled = models::pool_frames(tokenizer, latents);
    const auto tokens = models::tokenize(tokenizer, latents);
    results.add("mid.pooled", pooled);
    results.add("mid.fsq_project_in", tokenizer.quantizer.project_in(pooled));
    results.add("mid.fsq_codes", codes_of(tokenizer.quantizer, tokens.indices));
    results.add("out.indices", tokens.indices.unsqueeze(-1));
    results.add("out.quantized", tokens.quantized);
    results.add("out.hints", models::detokenize(detokenizer, tokens.quantized));
  }
  if (golden.has("in.latents_ragged")) {
    const auto latents = golden.tensor("in.latents_ragged");
    const auto tokens = models::tokenize(
        tokenizer,
        models::pad_to_tokens(latents, golden.tensor("in.silence_latent"), config.pool_window));
    results.add("out.ragged_indices", tokens.indices.unsqueeze(-1));
    results.add("out.ragged_quantized", tokens.quantized);
    // Fewer frames than a token has are added, so every token has a real one.
    results.add("out.ragged_token_mask", at::ones(tokens.indices.sizes()));
    results.add("out.ragged_hints",
                models::detokenize(detokenizer, tokens.quantized).narrow(1, 0, latents.size(1)));
  }
  if (golden.has("in.codes")) {
    const auto tokens = models::look_up(tokenizer.quantizer, golden.tensor("in.codes").squeeze(-1));
    results.add("out.codes_quantized", tokens);
    results.add("out.codes_hints", models::detokenize(detokenizer, tokens));
  }
}

}  // namespace headroom::verify
