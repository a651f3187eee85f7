// From words and a timbre reference to the condition of the diffusion transformer, and from a
// source latent to the context of a cover.
#pragma once

#include <ATen/ATen.h>

#include "base/progress.h"
#include "models/bpe_tokenizer.h"
#include "models/condition_encoder.h"
#include "models/semantic_tokenizer.h"
#include "models/text_encoder.h"
#include "studio/prompt.h"

namespace headroom::studio {

/// A prompt as the text encoder leaves it: hidden states of the text prompt, [1, Lt, width], and
/// plain embedding rows of the lyric prompt, [1, Ll, width].
struct PromptStates {
  at::Tensor text;
  at::Tensor lyrics;
};

/// Token ids [1, L] of both texts. Checks the prompt first. Throws Error(usage) when one has more
/// than kMostPromptTokens tokens.
struct PromptIds {
  at::Tensor text;
  at::Tensor lyrics;
};
PromptIds prompt_ids(const BpeTokenizer& tokenizer, const Prompt& prompt);

/// Checks the prompt first. Throws Error(usage) when it has more than kMostPromptTokens tokens.
PromptStates encode_prompt(const models::TextEncoder& encoder, const BpeTokenizer& tokenizer,
                           const Prompt& prompt);

/// Tokens of one prompt: DEMON sets no limit; attention over 4096 of them is still cheap, and
/// training saw a few hundred.
inline constexpr std::int64_t kMostPromptTokens = 4096;

/// Silence frames [1, frames, C] from the model's silence latent, repeated when it is shorter.
at::Tensor silence_frames(const at::Tensor& silence, std::int64_t frames);

/// Frames of silence that stand for "no timbre reference".
inline constexpr std::int64_t kTimbreFrames = 750;

/// Semantic context of a source [1, T, C]: tokenized and detokenized, [1, T, C]. T that is no
/// multiple of the pool window is filled with the first frames of silence and cut back. Works in
/// pieces of whole tokens, which is exact; peak memory is one piece.
at::Tensor semantic_hints(const models::SemanticTokenizer& tokenizer,
                          const models::SemanticDetokenizer& detokenizer, const at::Tensor& source,
                          const at::Tensor& silence, Progress& progress = no_progress());

/// Context [1, T, 2C] of the transformer: `frames` (hints, source or silence) and the chunk mask,
/// 1 = generate; `mask` [T], or undefined for all ones.
at::Tensor make_context(const at::Tensor& frames, const at::Tensor& mask = {});

}  // namespace headroom::studio
