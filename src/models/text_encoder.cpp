#include "models/text_encoder.h"

#include <fmt/format.h>

#include "base/error.h"

namespace headroom::models {

TextEncoder bind_text_encoder(const Weights& weights, const Qwen3Config& config) {
  const auto root = weights.has("embed_tokens.weight") ? weights : weights / "model";
  const auto hidden = config.size.hidden;
  TextEncoder encoder{.config = config,
                      .embeddings = root.stored("embed_tokens.weight", {config.vocabulary, hidden}),
                      .layers = {},
                      .norm = root("norm.weight", {hidden})};
  for (std::int64_t i = 0; i < config.layers; ++i) {
    encoder.layers.push_back(bind_encoder_layer(root / "layers" / i, config.size, config.norm_eps));
  }
  return encoder;
}

at::Tensor embed_tokens(const TextEncoder& encoder, const at::Tensor& ids) {
  const auto bad = ids.lt(0).logical_or(ids.ge(encoder.config.vocabulary));
  if (bad.any().item<bool>()) {
    throw Error(
        ErrorKind::checkpoint,
        fmt::format("token id {} is outside the text encoder's vocabulary of {}; tokenizer "
                    "and text encoder do not belong together",
                    ids.masked_select(bad)[0].item<std::int64_t>(), encoder.config.vocabulary));
  }
  return at::embedding(encoder.embeddings, ids).to(encoder.norm.options());
}

at::Tensor encode_text(const TextEncoder& encoder, const at::Tensor& ids) {
  auto x = embed_tokens(encoder, ids);
  const auto rope =
      rope_table(x.size(1), encoder.config.size.head_dim, encoder.config.rope_theta, x.options());
  AttentionMask mask;
  mask.causal = true;
  for (const auto& layer : encoder.layers) x = encoder_layer(layer, x, rope, mask);
  return rms_norm(x, encoder.norm, encoder.config.norm_eps);
}

}  // namespace headroom::models
