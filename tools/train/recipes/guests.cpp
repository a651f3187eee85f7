#include "train/recipes/guests.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "audio/file.h"
#include "audio/load.h"
#include "base/error.h"
#include "train/outside/soundfont.h"
#include "train/outside/voices.h"
#include "train/synth/effects.h"
#include "train/synth/performance.h"
#include "train/synth/song.h"

namespace headroom::train {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBand = "-band.wav";  // written last: where it is, the song is whole
constexpr std::string_view kSpeech = "-speech.wav";
constexpr std::string_view kSinging = "-singing.wav";
constexpr double kLevel = 0.1;  // mean of all recordings; their peaks then fit into full scale
constexpr std::int64_t kSamples = static_cast<std::int64_t>(kGuestSeconds * kGuestRate);

// `song` is the path of all its files up to the number.
fs::path file_of(const fs::path& song, std::string_view part) {
  return song.string() + std::string(part);
}

void write_recording(const fs::path& path, const at::Tensor& audio) {
  AudioWriter writer(path, kGuestRate, 2, SampleFormat::pcm16);
  writer.write((audio * (kLevel / (level_of(audio) + 1e-9))).contiguous());
  writer.commit();
}

// A voice in the middle of a room, brighter or darker than it is.
at::Tensor in_a_room(const at::Tensor& mono, synth::Dice dice) {
  const auto count = static_cast<size_t>(mono.size(0));
  synth::Stereo sound(count);
  const auto voice = mono.contiguous();
  std::copy_n(voice.data_ptr<float>(), count, sound.left.begin());
  sound.right = sound.left;
  if (dice.chance(0.25)) synth::add_echo(sound, dice.uniform(0.1, 0.35), dice.uniform(0.2, 0.6));
  if (dice.chance(0.7))
    synth::add_reverb(sound, dice.uniform(0.02, 0.25), dice.uniform(0.3, 2.0), dice.fork("room"));
  synth::tilt(sound, dice.uniform(-4.0, 4.0));
  auto stereo = at::empty({2, mono.size(0)});
  std::copy(sound.left.begin(), sound.left.end(), stereo.data_ptr<float>());
  std::copy(sound.right.begin(), sound.right.end(), stereo[1].data_ptr<float>());
  return stereo;
}

void record_song(const fs::path& path, std::uint64_t number, const fs::path& scratch) {
  const auto song = synth::compose(number, kGuestSeconds);
  // The singer always, chords or a pad, and most of the others.
  auto dice = synth::Dice(number).fork("guests");
  std::array<bool, synth::kStems> plays{};
  for (auto& one : plays) one = dice.chance(0.7);
  plays[dice.chance(0.5) ? static_cast<size_t>(synth::Stem::chords)
                         : static_cast<size_t>(synth::Stem::pad)] = true;
  plays[static_cast<size_t>(synth::Stem::vocals)] = true;
  const auto arrangement = synth::arrange(number, plays);
  const auto performance = synth::perform(song, arrangement);
  const auto size = [&] { return std::exp2(dice.uniform(-0.25, 0.25)); };

  const auto& talker = dice.pick(training_speakers());
  const auto speech =
      speak(talker, nonsense, size(), dice.fork("speech"), kSamples, kGuestRate, scratch);
  write_recording(file_of(path, kSpeech), in_a_room(speech, dice.fork("speech")));
  const auto& singer = dice.pick(training_speakers());
  const auto singing =
      sing(singer, size(), song, performance.notes[static_cast<size_t>(synth::Stem::vocals)],
           kSamples, kGuestRate, scratch);
  write_recording(file_of(path, kSinging), in_a_room(singing, dice.fork("singing")));
  const auto midi = midi_file(song, arrangement, Instruments::any);
  write_recording(file_of(path, kBand),
                  play_midi(kTrainingSoundFont, midi, kSamples, kGuestRate, scratch));
}

}  // namespace

void record_guests(const fs::path& folder, std::int64_t first, std::int64_t songs) {
  std::error_code code;
  const auto scratch = folder / "scratch";
  fs::create_directories(scratch, code);
  if (code) {
    throw Error(ErrorKind::output,
                fmt::format("{}: cannot be made: {}", folder.string(), code.message()));
  }
  for (std::int64_t i = first; i < first + songs; ++i) {
    const auto path = folder / fmt::format("{:05}", i);
    if (!fs::exists(file_of(path, kBand)))
      record_song(path, kTrainingSongs + static_cast<std::uint64_t>(i), scratch);
  }
  fs::remove_all(scratch, code);
}

Guests::Guests(const fs::path& folder) {
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    const auto name = entry.path().string();
    if (name.ends_with(kBand)) songs_.emplace_back(name.substr(0, name.size() - kBand.size()));
  }
  if (songs_.empty()) {
    throw Error(ErrorKind::input,
                fmt::format("{}: there are no recordings; 'headroom-train guests' makes them",
                            folder.string()));
  }
  std::sort(songs_.begin(), songs_.end());
}

Parts Guests::draw(synth::Dice& dice, std::int64_t samples) const {
  const auto& song = dice.pick(songs_);
  const bool speaks = dice.chance(0.5);
  const auto& voice = speaks ? dice.pick(songs_) : song;
  const auto begin = dice.below(static_cast<int>(kSamples - samples));
  const auto piece = [&](const fs::path& whose, std::string_view part) {
    return load_audio(file_of(whose, part), kGuestRate).narrow(1, begin, samples);
  };
  return {piece(voice, speaks ? kSpeech : kSinging), piece(song, kBand)};
}

}  // namespace headroom::train
