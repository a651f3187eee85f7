// The Qwen3 text encoder.
#include "models/text_encoder.h"
#include "verify/families.h"

namespace headroom::verify {

void verify_text_encoder(Golden& golden, Results& results) {
  const auto config = models::parse_qwen3_config(golden.config(), golden.label());
  const auto encoder = models::bind_text_encoder(Weights(golden), config);
  if (golden.has("in.input_ids")) {
    const auto ids = golden.tensor("in.input_ids");
    const auto rope = rope_table(ids.size(1), config.size.head_dim, config.rope_theta, at::kFloat);
    results.add("mid.embedded", models::embed_tokens(encoder, ids));
    results.add("mid.rope_cos", at::cat({rope.cos, rope.cos}, 1));
    results.add("mid.rope_sin", at::cat({rope.sin, rope.sin}, 1));
    results.add("out.last_hidden_state", models::encode_text(encoder, ids));
  }
  if (golden.has("in.lyric_ids"))
    results.add("out.lyric_embeds", models::embed_tokens(encoder, golden.tensor("in.lyric_ids")));
}

}  // namespace headroom::verify
