#include "train/recipes/demo_track.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <sndfile.h>

#include "audio/key.h"
#include "base/error.h"
#include "base/json.h"
#include "base/pending_file.h"
#include "train/recipes/clips.h"
#include "train/synth/render.h"
#include "train/synth/voice.h"

namespace headroom::train {
namespace {

// Neither of training nor of evaluation. House at 121 bpm in a major key: drums, a plucked bass, a
// piano, a flute and a woman who sings.
constexpr std::uint64_t kSong = 181;
constexpr std::array<bool, synth::kStems> kPlayers{true, true, true, true, false, true};
// A song goes round every sixteen bars; from its second round on, echoes of what came before are
// there from the first sample.
constexpr int kFirstBar = 16;
constexpr int kBars = 32;
constexpr double kPeak = 0.9;
constexpr std::int64_t kSeam = 480;  // samples of cross-fade from the end to the beginning
constexpr double kVorbisQuality = 0.35;
constexpr std::int64_t kFramesPerWrite = 4096;  // libvorbis takes its workspace from the stack

// Samples [begin, end) of [2, n], n > end + kSeam, whose beginning grows out of what follows the
// end.
at::Tensor looped(const at::Tensor& audio, std::int64_t begin, std::int64_t end) {
  auto loop = audio.narrow(1, begin, end - begin).clone();
  const auto fade = at::arange(1, kSeam + 1, at::kFloat) / static_cast<double>(kSeam + 1);
  auto seam = loop.narrow(1, 0, kSeam);
  const auto after = audio.narrow(1, end, kSeam);
  seam.copy_(after + (seam - after) * fade);
  return loop;
}

double decibel(double value) { return 20.0 * std::log10(value + 1e-9); }

void write_vorbis(const std::filesystem::path& path, const at::Tensor& audio) {
  PendingFile pending(path);
  SF_INFO info{0, static_cast<int>(synth::kRate), 2, SF_FORMAT_OGG | SF_FORMAT_VORBIS, 0, 0};
  SNDFILE* file = sf_open(pending.path().c_str(), SFM_WRITE, &info);
  if (file == nullptr) {
    throw Error(ErrorKind::output,
                fmt::format("{}: {}", printable(path.string()), printable(sf_strerror(nullptr))));
  }
  double quality = kVorbisQuality;
  sf_command(file, SFC_SET_VBR_ENCODING_QUALITY, &quality, sizeof quality);
  const auto interleaved = audio.t().contiguous();
  const float* samples = interleaved.data_ptr<float>();
  std::int64_t done = 0;
  while (done < audio.size(1)) {
    const auto count = std::min(kFramesPerWrite, audio.size(1) - done);
    if (sf_writef_float(file, samples + 2 * done, count) != count) break;
    done += count;
  }
  sf_close(file);
  if (done < audio.size(1))
    throw Error(ErrorKind::output, fmt::format("{}: cannot be written", printable(path.string())));
  pending.commit();
}

}  // namespace

DemoTrack make_demo_track() {
  constexpr double beats_per_bar = 4.0;
  const auto bar_seconds = beats_per_bar * synth::compose(kSong, 1.0).seconds_per_beat();
  const auto at_bar = [&](int bar) { return std::llround(bar * bar_seconds * synth::kRate); };
  const auto end = at_bar(kFirstBar + kBars);
  // A second more than is used: the seam, and nothing of the end is missing an echo.
  const auto samples = end + static_cast<std::int64_t>(synth::kRate);
  DemoTrack track{synth::compose(kSong, static_cast<double>(samples) / synth::kRate),
                  synth::arrange(kSong, kPlayers),
                  {},
                  {}};
  track.arrangement.level = kPeak;
  const auto render = synth::render(track.song, track.arrangement, samples);
  track.mix = looped(render.mix, at_bar(kFirstBar), end);
  track.vocals =
      looped(render.stems[static_cast<std::int64_t>(synth::Stem::vocals)], at_bar(kFirstBar), end);
  return track;
}

nlohmann::json write_demo_track(const std::filesystem::path& path) {
  const auto track = make_demo_track();
  write_vorbis(path, track.mix);
  return {{"song", kSong},
          {"seconds", static_cast<double>(track.mix.size(1)) / synth::kRate},
          {"bars", kBars},
          {"bpm", track.song.bpm},
          {"key", key_name(track.song.key_index())},
          {"tags", synth::tags_of(track.song, track.arrangement)},
          {"words", track.song.syllables},
          {"peak_db", decibel(track.mix.abs().max().item<double>())},
          {"level_db", decibel(level_of(track.mix))},
          {"vocals_level_db", decibel(level_of(track.vocals))}};
}

}  // namespace headroom::train
