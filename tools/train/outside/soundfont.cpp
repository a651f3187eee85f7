#include "train/outside/soundfont.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "train/learn/export.h"
#include "train/outside/helper.h"
#include "train/synth/dice.h"
#include "train/synth/performance.h"

namespace headroom::train {
namespace {

namespace fs = std::filesystem;

constexpr int kTicksPerBeat = 480;
constexpr int kDrumChannel = 9;
constexpr double kStroke = 0.1;  // beats that a drum is held
// Keys of the General MIDI drum map, by synth::Drum.
constexpr std::array<int, 8> kDrumKeys{36, 38, 39, 42, 46, 45, 70, 49};
// Instruments to choose from, by the General MIDI's numbers from 0, without choirs and voices. A
// few of each kind: basses; pianos, organs, guitars; winds and strings; string sections and
// synthesizers.
constexpr std::array<int, 6> kBassPrograms{32, 33, 34, 35, 36, 38};
constexpr std::array<int, 9> kChordPrograms{0, 4, 5, 11, 16, 18, 24, 25, 27};
constexpr std::array<int, 8> kLeadPrograms{22, 40, 56, 60, 65, 71, 73, 80};
constexpr std::array<int, 6> kPadPrograms{44, 48, 49, 50, 89, 95};
// From … to, of kinds that a stem may be played with where all instruments may play.
using Range = std::pair<int, int>;
constexpr Range kAnyBass{32, 39}, kAnyChords{0, 31}, kAnyLead{40, 84}, kAnyPad{40, 51};
constexpr Range kChoirs{52, 54};

int any_program(Range range, synth::Dice& dice) {
  const int program = range.first + dice.below(range.second - range.first + 1);
  return program >= kChoirs.first && program <= kChoirs.second ? range.first : program;
}

int program_of(synth::Stem stem, Instruments instruments, synth::Dice dice) {
  const bool any = instruments == Instruments::any;
  switch (stem) {
    case synth::Stem::bass:
      return any ? any_program(kAnyBass, dice) : dice.pick(kBassPrograms);
    case synth::Stem::chords:
      return any ? any_program(kAnyChords, dice) : dice.pick(kChordPrograms);
    case synth::Stem::lead:
      return any ? any_program(kAnyLead, dice) : dice.pick(kLeadPrograms);
    default:
      return any ? any_program(kAnyPad, dice) : dice.pick(kPadPrograms);
  }
}

struct Event {
  std::int64_t tick = 0;
  bool begins = false;  // at equal times what ends comes first, so that a note is struck anew
  std::string bytes;
};

std::string bytes_of(std::initializer_list<int> values) {
  std::string bytes;
  for (const int value : values) bytes += static_cast<char>(value);
  return bytes;
}

std::string big_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i)
    text += static_cast<char>((value >> (8U * static_cast<unsigned>(i))) & 0xFFU);
  return text;
}

// Seven bits a byte; all but the last have the highest bit set.
std::string variable_length(std::uint64_t value) {
  std::string text(1, static_cast<char>(value & 0x7FU));
  while ((value >>= 7U) > 0) text.insert(0, 1, static_cast<char>(0x80U | (value & 0x7FU)));
  return text;
}

void add_note(std::vector<Event>& events, int channel, int pitch, double velocity, double begin,
              double length) {
  const auto tick = [](double beat) { return std::llround(std::max(0.0, beat) * kTicksPerBeat); };
  const int loud = std::clamp(static_cast<int>(velocity * 110.0), 1, 127);
  const int key = std::clamp(pitch, 0, 127);
  events.push_back({tick(begin), true, bytes_of({0x90 + channel, key, loud})});
  events.push_back(
      {std::max(tick(begin) + 1, tick(begin + length)), false, bytes_of({0x80 + channel, key, 0})});
}

std::string whole_file(std::vector<Event> events) {
  std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return a.tick != b.tick ? a.tick < b.tick : !a.begins && b.begins;
  });
  std::string track;
  std::int64_t now = 0;
  for (const auto& event : events) {
    track += variable_length(static_cast<std::uint64_t>(event.tick - now)) + event.bytes;
    now = event.tick;
  }
  track += variable_length(0) + bytes_of({0xFF, 0x2F, 0});
  return "MThd" + big_endian(6, 4) + big_endian(0, 2) + big_endian(1, 2) +
         big_endian(kTicksPerBeat, 2) + "MTrk" + big_endian(track.size(), 4) + track;
}

}  // namespace

std::string midi_file(const synth::Song& song, const synth::Arrangement& arrangement,
                      Instruments instruments) {
  const auto performance = synth::perform(song, arrangement);
  const auto dice = synth::Dice(arrangement.seed).fork("sound font");
  std::vector<Event> events;
  const int micros = static_cast<int>(std::lround(60e6 / song.bpm));
  events.push_back(
      {0, false, bytes_of({0xFF, 0x51, 3, micros / 65536, micros / 256 % 256, micros % 256})});
  for (const auto& hit : performance.hits) {
    add_note(events, kDrumChannel, kDrumKeys[static_cast<size_t>(hit.drum)], hit.velocity, hit.beat,
             kStroke);
  }
  for (size_t i = 0; i < synth::kStems; ++i) {
    const auto stem = static_cast<synth::Stem>(i);
    if (stem == synth::Stem::vocals || performance.notes[i].empty()) continue;
    const int channel = static_cast<int>(i);
    const auto pan = std::lround(64.0 + 50.0 * arrangement.part(stem).pan);
    events.push_back({0, false,
                      bytes_of({0xC0 + channel,
                                program_of(stem, instruments, dice.fork(synth::kStemNames[i]))})});
    events.push_back({0, false, bytes_of({0xB0 + channel, 10, static_cast<int>(pan)})});
    for (const auto& note : performance.notes[i])
      add_note(events, channel, note.pitch, note.velocity, note.start, note.length);
  }
  return whole_file(std::move(events));
}

at::Tensor play_midi(const SoundFont& font, const std::string& midi, std::int64_t samples, int rate,
                     const fs::path& scratch) {
  if (!fs::exists(font.path)) {
    throw Error(ErrorKind::input, fmt::format("there is no sound font {}; install the package {}",
                                              font.path, font.package));
  }
  const auto song = scratch / "song.mid";
  const auto wav = scratch / "song.wav";
  write_text_file(song, midi);
  // Without fluidsynth's chorus, which makes left and right of everything strangers to each other.
  const auto played = sound_of_helper(
      {"fluidsynth", "-n", "-i", "-q", "-g", "0.5", "-C", "0", "-r", std::to_string(rate), "-T",
       "wav", "-F", wav.string(), font.path, song.string()},
      "fluidsynth", wav, rate, 2);
  const auto missing = std::max<std::int64_t>(0, samples - played.size(1));
  return at::constant_pad_nd(played, {0, missing}).narrow(1, 0, samples).contiguous();
}

}  // namespace headroom::train
