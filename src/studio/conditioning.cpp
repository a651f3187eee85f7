#include "studio/conditioning.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"

namespace headroom::studio {
namespace {

// Latent frames that go through tokenizer and detokenizer at once: one minute. At the published
// size its activations need about 100 MB.
constexpr std::int64_t kHintFrames = 1500;

at::Tensor token_ids(const BpeTokenizer& tokenizer, const std::string& text,
                     std::string_view name) {
  const auto ids = tokenizer.encode(text);
  const auto count = static_cast<std::int64_t>(ids.size());
  if (count > kMostPromptTokens) {
    throw Error(ErrorKind::usage,
                fmt::format("the {} has {} tokens, at most {} are allowed; shorten it", name, count,
                            kMostPromptTokens));
  }
  return at::tensor(ids, at::kLong).unsqueeze(0);
}

}  // namespace

PromptIds prompt_ids(const BpeTokenizer& tokenizer, const Prompt& prompt) {
  check_prompt(prompt);
  return {token_ids(tokenizer, text_prompt(prompt), "prompt"),
          token_ids(tokenizer, lyric_prompt(prompt), "lyrics text")};
}

PromptStates encode_prompt(const models::TextEncoder& encoder, const BpeTokenizer& tokenizer,
                           const Prompt& prompt) {
  const auto ids = prompt_ids(tokenizer, prompt);
  return {models::encode_text(encoder, ids.text), models::embed_tokens(encoder, ids.lyrics)};
}

at::Tensor silence_frames(const at::Tensor& silence, std::int64_t frames) {
  const auto repeats = (frames + silence.size(1) - 1) / silence.size(1);
  return (repeats > 1 ? silence.repeat({1, repeats, 1}) : silence).narrow(1, 0, frames);
}

at::Tensor semantic_hints(const models::SemanticTokenizer& tokenizer,
                          const models::SemanticDetokenizer& detokenizer, const at::Tensor& source,
                          const at::Tensor& silence, Progress& progress) {
  const auto window = tokenizer.pool_window;
  const auto frames = source.size(1);
  const auto missing = (window - frames % window) % window;
  const auto whole =
      missing == 0 ? source : at::cat({source, silence_frames(silence, missing).to(source)}, 1);
  const auto piece = std::max<std::int64_t>(1, kHintFrames / window) * window;
  progress.stage("structure", (whole.size(1) + piece - 1) / piece);
  std::vector<at::Tensor> hints;
  for (std::int64_t at = 0; at < whole.size(1); at += piece) {
    const auto part = whole.narrow(1, at, std::min(piece, whole.size(1) - at));
    hints.push_back(models::detokenize(detokenizer, models::tokenize(tokenizer, part).quantized));
    progress.step();
  }
  return at::cat(hints, 1).narrow(1, 0, frames);
}

at::Tensor make_context(const at::Tensor& frames, const at::Tensor& mask) {
  const auto generate =
      mask.defined() ? mask.to(frames).view({1, -1, 1}).expand_as(frames) : at::ones_like(frames);
  return at::cat({frames, generate}, 2);
}

}  // namespace headroom::studio
