// The condition encoder: a padded batch, and its first row alone.
#include "models/condition_encoder.h"
#include "verify/families.h"

namespace headroom::verify {
namespace {

// The rows of batch entry 0 that its mask keeps.
at::Tensor valid_rows(const at::Tensor& states, const at::Tensor& mask) {
  return states[0].index_select(0, mask[0].nonzero().view({-1})).unsqueeze(0);
}

}  // namespace

void verify_condition_encoder(Golden& golden, Results& results) {
  const auto config = models::parse_acestep_config(golden.config(), golden.label());
  const auto encoder = models::bind_condition_encoder(Weights(golden), config);
  const models::ConditionBatch batch{.text = golden.tensor("in.text_hidden_states"),
                                     .text_mask = golden.tensor("in.text_attention_mask"),
                                     .lyrics = golden.tensor("in.lyric_hidden_states"),
                                     .lyrics_mask = golden.tensor("in.lyric_attention_mask"),
                                     .timbre = golden.tensor("in.refer_latents_packed"),
                                     .timbre_row = golden.tensor("in.refer_order_mask")};
  const auto embedded = encoder.lyric_embed(batch.lyrics);
  results.add("mid.text_projected", encoder.text_projector(batch.text));
  results.add("mid.lyric_embed", embedded);
  results.add("mid.lyric_encoded",
              models::encode(encoder.lyrics, embedded, batch.lyrics_mask.to(at::kBool)));

  const auto all = models::encode_conditions(encoder, batch);
  results.add("out.encoder_hidden_states", all.states);
  results.add("out.encoder_attention_mask", all.mask);

  const auto single = models::encode_condition(encoder, valid_rows(batch.text, batch.text_mask),
                                               valid_rows(batch.lyrics, batch.lyrics_mask),
                                               batch.timbre.narrow(0, 0, 1));
  results.add("out.single_encoder_hidden_states", single);
  results.add("out.single_encoder_attention_mask", at::ones({1, single.size(1)}, at::kLong));
}

}  // namespace headroom::verify
