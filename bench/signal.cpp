// Audio analysis, resampling, noise and text: a minute of music each.
#include <filesystem>

#include <ATen/ATen.h>

#include "audio/key.h"
#include "audio/resample.h"
#include "audio/stft.h"
#include "audio/synthesis.h"
#include "audio/tempo.h"
#include "case.h"
#include "diffusion/noise.h"
#include "models/bpe_tokenizer.h"

namespace headroom::bench {
namespace {

constexpr int kRate = 48000;
constexpr double kSeconds = 60.0;
constexpr auto kSamples = static_cast<std::int64_t>(kSeconds) * kRate;

// Two notes a second, each with its harmonics: peaks for the key, onsets for the tempo.
at::Tensor melody() {
  constexpr std::int64_t notes = 2 * static_cast<std::int64_t>(kSeconds);
  const auto table = at::empty({notes, 4}, at::kDouble);
  auto row = table.accessor<double, 2>();
  constexpr std::array<double, 8> scale{60, 62, 64, 65, 67, 69, 71, 72};
  for (std::int64_t i = 0; i < notes; ++i) {
    row[i][0] = scale[static_cast<size_t>(i) % scale.size()];
    row[i][1] = 0.5 * static_cast<double>(i);
    row[i][2] = 0.45;
    row[i][3] = 0.3;
  }
  return render_notes(table, kSamples, kRate);
}

at::Tensor stereo() { return melody().expand({2, kSamples}).contiguous(); }

Work for_a_minute(std::function<void()> run) {
  Work work;
  work.run = std::move(run);
  work.audio_seconds = kSeconds;
  return work;
}

std::string lyrics() {
  std::string text;
  for (int i = 0; i < 40; ++i)
    text += "[verse]\nWe're dancing on the wire at 21:30, it's a déjà vu — hey, hey!\n";
  return text;
}

}  // namespace

std::vector<Case> signal_cases() {
  return {
      {"dsp/resample", "a minute of stereo, 48 to 44.1 kHz, all at once",
       [] { return for_a_minute([x = stereo()] { (void)sinc_resample(x, kRate, 44100); }); }},
      {"dsp/stft", "a minute of stereo, n_fft 2048, hop 441",
       [] { return for_a_minute([x = stereo()] { (void)stft(x, {.n_fft = 2048, .hop = 441}); }); }},
      {"dsp/istft", "the way back",
       [] {
         const StftSettings settings{.n_fft = 2048, .hop = 441};
         return for_a_minute([=, s = stft(stereo(), settings)] { (void)istft(s, settings); });
       }},
      {"dsp/tempo", "tempo and beats of a minute",
       [] { return for_a_minute([x = melody()] { (void)track_beats(x, kRate); }); }},
      {"dsp/key", "key of a minute",
       [] { return for_a_minute([x = melody()] { (void)detect_key(x, kRate); }); }},
      {"noise", "initial noise of a minute",
       [] { return for_a_minute([] { (void)diffusion::initial_noise(7, 1500, 64); }); }},
      {"bpe", "3 kB of lyrics with a small vocabulary",
       [] {
         const auto tokenizer =
             BpeTokenizer::load(std::filesystem::path(HEADROOM_GOLDEN_DIR) / "bpe_tokenizer.json");
         Work work;
         work.run = [tokenizer, text = lyrics()] { (void)tokenizer.encode(text); };
         return work;
       }},
  };
}

}  // namespace headroom::bench
