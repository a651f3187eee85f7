#include "session/prompts.h"

#include <algorithm>

#include "base/error.h"
#include "studio/conditioning.h"
#include "studio/tasks.h"

namespace headroom::session {

diffusion::EncodedPrompt PromptDesk::encoded(const std::string& words, const Source& source,
                                             const std::optional<std::string>& key,
                                             const at::Tensor& timbre) const {
  auto& studio = stage_.studio;
  studio::Prompt prompt;
  prompt.caption = words;
  prompt.bpm = source.analysis.bpm;
  prompt.key = key.value_or(source.analysis.key);
  prompt.time_signature = std::stoi(source.analysis.time_signature);
  prompt.duration = source.seconds();
  studio::ConditionTask task(studio.networks(), studio.tokenizer(),
                             {.name = "prompt",
                              .owner = owner_,
                              .priority = memory::Priority::interactive,
                              .deadline = {}},
                             prompt, timbre);
  studio.executor().run(task);
  auto states = task.states().to(at::kFloat);
  auto mask = at::ones({1, states.size(1)});
  return {.states = std::move(states), .mask = std::move(mask)};
}

Prompts PromptDesk::encode(const std::string& a, const std::string& b, const Source& source,
                           const std::optional<std::string>& key) const {
  const auto silence = studio::silence_frames(stage_.studio.silence(), studio::kTimbreFrames);
  const auto& reference = timbre_ ? timbre_->latents : source.latents;
  Prompts prompts{.a = a, .b = b};
  auto& encoded = prompts.encoded;
  encoded.silent_a = this->encoded(a, source, key, silence);
  encoded.timbre_a = this->encoded(a, source, key, reference);
  const bool same = a == b;
  encoded.silent_b = same ? encoded.silent_a : this->encoded(b, source, key, silence);
  encoded.timbre_b = same ? encoded.timbre_a : this->encoded(b, source, key, reference);
  return prompts;
}

diffusion::EncodedPrompt PromptDesk::negative(const Source& source) const {
  return encoded("", source, {},
                 studio::silence_frames(stage_.studio.silence(), studio::kTimbreFrames));
}

Reference PromptDesk::timbre(std::string name, const at::Tensor& audio, const Source& source,
                             const std::stop_token& stop) const {
  const auto length = std::min(audio.size(1), source.audio.size(1)) / kPoolSamples * kPoolSamples;
  if (length == 0) throw Error(ErrorKind::input, "timbre clip too short");
  Reference reference{.name = std::move(name), .audio = audio.narrow(1, 0, length), .latents = {}};
  reference.latents = preparer_.encode(reference.audio, stop).latent;
  return reference;
}

at::Tensor PromptDesk::structure(const Reference& clip, const Source& source,
                                 const std::stop_token& stop) const {
  const auto length = source.audio.size(1);
  const auto kept = clip.audio.narrow(1, 0, std::min(clip.audio.size(1), length));
  return preparer_.encode(at::constant_pad_nd(kept, {0, length - kept.size(1)}), stop)
      .context_latent;
}

}  // namespace headroom::session
