#include "models/condition_encoder.h"

#include <algorithm>
#include <vector>

namespace headroom::models {
namespace {

// One embedding [N, H] per reference: the output at position 0, which in XL models is a learned
// token and in 2B models the first audio frame.
at::Tensor encode_timbre(const ConditionEncoder& encoder, const at::Tensor& references) {
  auto x = encoder.timbre_embed(references);
  if (encoder.timbre_token.defined()) {
    x = at::cat({encoder.timbre_token.expand({x.size(0), 1, x.size(2)}), x}, 1);
  }
  return encode(encoder.timbre, std::move(x)).select(1, 0);
}

// References of one batch row become its timbre rows, in order, padded with zeros.
Condition unpack_timbre(const at::Tensor& embeddings, const at::Tensor& rows, std::int64_t batch) {
  std::vector<std::vector<std::int64_t>> of_row(static_cast<size_t>(batch));
  for (std::int64_t n = 0; n < rows.size(0); ++n) {
    of_row.at(static_cast<size_t>(rows[n].item<std::int64_t>())).push_back(n);
  }
  size_t most = 0;
  for (const auto& list : of_row) most = std::max(most, list.size());
  auto states =
      at::zeros({batch, static_cast<std::int64_t>(most), embeddings.size(1)}, embeddings.options());
  auto mask = at::zeros({batch, static_cast<std::int64_t>(most)}, rows.options());
  for (size_t b = 0; b < of_row.size(); ++b) {
    for (size_t i = 0; i < of_row[b].size(); ++i) {
      const auto row = static_cast<std::int64_t>(b);
      const auto place = static_cast<std::int64_t>(i);
      states[row][place].copy_(embeddings[of_row[b][i]]);
      mask[row][place].fill_(1);
    }
  }
  return {states, mask};
}

// Concatenates and moves valid rows to the front, keeping their order.
Condition pack(const Condition& first, const Condition& second) {
  const auto states = at::cat({first.states, second.states}, 1);
  const auto mask = at::cat({first.mask, second.mask}, 1);
  const auto order = at::argsort(mask, /*stable=*/true, /*dim=*/1, /*descending=*/true);
  const auto packed = states.gather(1, order.unsqueeze(2).expand_as(states));
  const auto places = at::arange(mask.size(1), mask.options()).unsqueeze(0);
  return {packed, places.lt(mask.sum(1, /*keepdim=*/true)).to(mask.scalar_type())};
}

}  // namespace

ConditionEncoder bind_condition_encoder(const Weights& weights, const AceStepConfig& config) {
  const auto root = weights / "encoder";
  const auto hidden = config.encoder.hidden;
  const auto lyric = root / "lyric_encoder";
  const auto timbre = root / "timbre_encoder";
  return {.text_projector = bind_linear(root / "text_projector", config.text_width, hidden, false),
          .lyric_embed = bind_linear(lyric / "embed_tokens", config.text_width, hidden, true),
          .lyrics = bind_encoder(lyric, config, config.lyric_layers),
          .timbre_embed = bind_linear(timbre / "embed_tokens", config.timbre_width, hidden, true),
          .timbre_token = config.xl ? timbre("special_token", {1, 1, hidden}) : at::Tensor(),
          .timbre = bind_encoder(timbre, config, config.timbre_layers)};
}

at::Tensor encode_condition(const ConditionEncoder& encoder, const at::Tensor& text,
                            const at::Tensor& lyrics, const at::Tensor& timbre) {
  return at::cat({encode(encoder.lyrics, encoder.lyric_embed(lyrics)),
                  encode_timbre(encoder, timbre).unsqueeze(1), encoder.text_projector(text)},
                 1);
}

Condition encode_conditions(const ConditionEncoder& encoder, const ConditionBatch& batch) {
  const auto lyrics =
      encode(encoder.lyrics, encoder.lyric_embed(batch.lyrics), batch.lyrics_mask.to(at::kBool));
  const auto timbre =
      unpack_timbre(encode_timbre(encoder, batch.timbre), batch.timbre_row, batch.text.size(0));
  const auto front = pack({lyrics, batch.lyrics_mask}, timbre);
  return pack(front, {encoder.text_projector(batch.text), batch.text_mask});
}

}  // namespace headroom::models
