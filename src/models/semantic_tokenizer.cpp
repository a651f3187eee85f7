#include "models/semantic_tokenizer.h"

namespace headroom::models {
namespace {

at::Tensor levels_of(const Fsq& quantizer, at::TensorOptions options) {
  return at::tensor(quantizer.levels, at::kLong).to(options);
}

// Place value of each digit of a code: 1, ℓ₀, ℓ₀ℓ₁, …
at::Tensor basis_of(const Fsq& quantizer, at::Device device) {
  std::vector<std::int64_t> basis{1};
  for (size_t i = 0; i + 1 < quantizer.levels.size(); ++i)
    basis.push_back(basis.back() * quantizer.levels[i]);
  return at::tensor(basis, at::kLong).to(device);
}

// Digits 0 … ℓ−1 as numbers spread over [−1, 1], projected back to the stream.
at::Tensor embed_digits(const Fsq& quantizer, const at::Tensor& digits) {
  const auto levels = levels_of(quantizer, digits.options().dtype(at::kFloat));
  return quantizer.project_out(digits.to(at::kFloat) * (2.0 / (levels - 1.0)) - 1.0);
}

Fsq bind_fsq(const Weights& weights, const AceStepConfig& config) {
  const auto dimensions = static_cast<std::int64_t>(config.fsq_levels.size());
  const auto hidden = config.encoder.hidden;
  const auto in = weights / "project_in";
  const auto out = weights / "project_out";
  return {
      {in.as(at::kFloat, "weight", {dimensions, hidden}), in.as(at::kFloat, "bias", {dimensions})},
      {out.as(at::kFloat, "weight", {hidden, dimensions}), out.as(at::kFloat, "bias", {hidden})},
      config.fsq_levels};
}

}  // namespace

SemanticTokenizer bind_semantic_tokenizer(const Weights& weights, const AceStepConfig& config) {
  const auto root = weights / "tokenizer";
  const auto pooler = root / "attention_pooler";
  const auto hidden = config.encoder.hidden;
  return {.acoustic_proj =
              bind_linear(root / "audio_acoustic_proj", config.latent_channels, hidden, true),
          .embed = bind_linear(pooler / "embed_tokens", hidden, hidden, true),
          .special_token = pooler("special_token", {1, 1, hidden}),
          .pooler = bind_encoder(pooler, config, config.pooler_layers),
          .quantizer = bind_fsq(root / "quantizer", config),
          .pool_window = config.pool_window};
}

SemanticDetokenizer bind_semantic_detokenizer(const Weights& weights, const AceStepConfig& config) {
  const auto root = weights / "detokenizer";
  const auto hidden = config.encoder.hidden;
  return {.embed = bind_linear(root / "embed_tokens", hidden, hidden, true),
          .special_tokens = root("special_tokens", {1, config.pool_window, hidden}),
          .encoder = bind_encoder(root, config, config.pooler_layers),
          .proj_out = bind_linear(root / "proj_out", hidden, config.latent_channels, true),
          .pool_window = config.pool_window};
}

at::Tensor pool_frames(const SemanticTokenizer& tokenizer, const at::Tensor& latents) {
  const auto batch = latents.size(0);
  const auto count = latents.size(1) / tokenizer.pool_window;
  const auto groups = latents.reshape({batch * count, tokenizer.pool_window, latents.size(2)});
  auto x =
      tokenizer.embed(tokenizer.acoustic_proj(groups.to(tokenizer.embed.weight.scalar_type())));
  x = at::cat({tokenizer.special_token.expand({x.size(0), 1, x.size(2)}), x}, 1);
  return encode(tokenizer.pooler, std::move(x)).select(1, 0).reshape({batch, count, -1});
}

SemanticTokens quantize(const Fsq& quantizer, const at::Tensor& pooled) {
  auto z = quantizer.project_in(pooled.to(at::kFloat));
  const auto levels = levels_of(quantizer, z.options());
  const auto bound = 1.0 + 1.0 / (levels - 1.0);
  z = at::clamp(at::tanh(z / bound) * bound, -1.0, 1.0);
  const auto digits = at::floor((levels - 1.0) * (z + 1.0) / 2.0 + 0.5).to(at::kLong);
  const auto indices = (digits * basis_of(quantizer, digits.device())).sum(-1);
  return {indices, embed_digits(quantizer, digits).to(pooled.scalar_type())};
}

SemanticTokens tokenize(const SemanticTokenizer& tokenizer, const at::Tensor& latents) {
  return quantize(tokenizer.quantizer, pool_frames(tokenizer, latents));
}

at::Tensor pad_to_tokens(const at::Tensor& latents, const at::Tensor& silence,
                         std::int64_t pool_window) {
  const auto missing = (pool_window - latents.size(1) % pool_window) % pool_window;
  if (missing == 0) return latents;
  const auto tail = silence.narrow(1, 0, missing).to(latents.options());
  return at::cat({latents, tail.expand({latents.size(0), missing, latents.size(2)})}, 1);
}

at::Tensor look_up(const Fsq& quantizer, const at::Tensor& indices) {
  const auto basis = basis_of(quantizer, indices.device());
  const auto levels = levels_of(quantizer, indices.options());
  return embed_digits(quantizer, indices.unsqueeze(-1).div(basis, "floor").remainder(levels));
}

at::Tensor detokenize(const SemanticDetokenizer& detokenizer, const at::Tensor& tokens) {
  const auto batch = tokens.size(0);
  const auto count = tokens.size(1);
  const auto embedded = detokenizer.embed(tokens.to(detokenizer.embed.weight.scalar_type()));
  const auto spread = embedded.view({batch * count, 1, -1}) + detokenizer.special_tokens;
  return detokenizer.proj_out(encode(detokenizer.encoder, spread))
      .view({batch, count * detokenizer.pool_window, -1});
}

}  // namespace headroom::models
