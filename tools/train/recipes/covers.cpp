#include "train/recipes/covers.h"

#include <array>

#include <fmt/format.h>

#include "tensor/safetensors.h"
#include "train/recipes/clips.h"
#include "train/synth/render.h"

namespace headroom::train {
namespace {

using Stems = std::array<bool, synth::kStems>;
// Drums, bass, chords, lead, pad, vocals.
constexpr std::array<Stems, 9> kFew{{{true, false, false, false, false, false},
                                     {true, false, false, false, false, false},
                                     {false, false, false, false, true, false},
                                     {false, false, false, false, true, false},
                                     {true, true, false, false, false, false},
                                     {false, false, true, false, true, false},
                                     {false, true, true, true, true, false},
                                     {false, false, true, false, false, true},
                                     {false, false, false, true, true, false}}};

at::Tensor encode(const models::OobleckEncoder& encoder, const at::Tensor& mix) {
  const at::NoGradGuard no_grad;
  return models::encode_moments(encoder, mix.unsqueeze(0));
}

}  // namespace

std::vector<synth::Arrangement> arrangements_of(std::uint64_t number) {
  auto dice = synth::Dice(number).fork("covers");
  std::vector<synth::Arrangement> all;
  for (int i = 0; i < kCoversPerSong; ++i) {
    const auto seed = dice.next();
    all.push_back(i < 2 ? synth::arrange(seed) : synth::arrange(seed, dice.pick(kFew)));
  }
  return all;
}

CoverWindow::CoverWindow(models::OobleckEncoder encoder, CoverSettings settings)
    : encoder_(std::move(encoder)), settings_(std::move(settings)) {
  if (!settings_.cache.empty()) std::filesystem::create_directories(settings_.cache);
}

SongCovers CoverWindow::make(std::uint64_t number) const {
  const auto samples = settings_.frames * encoder_.config.hop();
  const auto seconds = static_cast<double>(samples) / 48000.0;
  SongCovers result{synth::compose(number, seconds), {}};
  const auto path = settings_.cache / fmt::format("song-{}.safetensors", number);
  const bool kept = !settings_.cache.empty() && std::filesystem::exists(path);
  std::map<std::string, at::Tensor> stored;
  for (const auto& arrangement : arrangements_of(number)) {
    const auto name = std::to_string(result.covers.size());
    // Rounded in any case, so that kept and fresh latents are the same.
    const auto moments =
        kept ? SafetensorsFile::open(path).tensor(name).clone()
             : encode(encoder_, synth::render(result.song, arrangement, samples).mix).to(at::kHalf);
    const auto posterior = models::posterior(moments.to(at::kFloat));
    result.covers.push_back(
        {arrangement, posterior.mean[0].t().contiguous(), posterior.deviation[0].t().contiguous()});
    stored[name] = moments;
  }
  if (!kept && !settings_.cache.empty()) save_safetensors(path, stored);
  return result;
}

const SongCovers& CoverWindow::draw(std::int64_t step, synth::Dice& dice) {
  const auto oldest = step / settings_.steps_per_song;
  songs_.erase(songs_.begin(), songs_.lower_bound(oldest));
  const auto number = oldest + dice.below(static_cast<int>(settings_.width));
  const auto found = songs_.find(number);
  if (found != songs_.end()) return found->second;
  return songs_[number] = make(kTrainingSongs + static_cast<std::uint64_t>(number));
}

}  // namespace headroom::train
