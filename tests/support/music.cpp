#include "support/music.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "audio/load.h"
#include "support/program.h"
#include "temp_folder.h"

namespace headroom::test {
namespace {

namespace fs = std::filesystem;

constexpr int kTicksPerBeat = 480;
constexpr int kDrumChannel = 9;
constexpr std::array kSoundFonts{
    "/usr/share/sounds/sf2/TimGM6mb.sf2",
    "/usr/share/sounds/sf2/FluidR3_GM.sf2",
    "/usr/share/sounds/sf2/default-GM.sf2",
};

// A standard MIDI file with one track. Times are in beats.
class MidiTrack {
 public:
  void program(int channel, int instrument) { add(0, {0xC0 | channel, instrument}); }
  void tempo(int bpm) {
    const int micros = 60'000'000 / bpm;
    add(0, {0xFF, 0x51, 3, micros >> 16, (micros >> 8) & 0xFF, micros & 0xFF});
  }
  void note(int channel, int pitch, int velocity, double begin, double length) {
    add(begin, {0x90 | channel, pitch, velocity});
    add(begin + length, {0x80 | channel, pitch, 0});
  }

  std::string file() {
    // At equal times what ends comes first, so that a repeated note is struck anew.
    std::stable_sort(events_.begin(), events_.end(), [](const Event& a, const Event& b) {
      return a.tick != b.tick ? a.tick < b.tick : a.ends() > b.ends();
    });
    std::string track;
    std::int64_t now = 0;
    for (const auto& event : events_) {
      track += variable_length(event.tick - now) + event.bytes;
      now = event.tick;
    }
    track += variable_length(0) + std::string("\xFF\x2F\x00", 3);
    return "MThd" + big_endian(6, 4) + big_endian(0, 2) + big_endian(1, 2) +
           big_endian(kTicksPerBeat, 2) + "MTrk" +
           big_endian(static_cast<std::int64_t>(track.size()), 4) + track;
  }

 private:
  struct Event {
    std::int64_t tick;
    std::string bytes;
    bool ends() const { return (static_cast<unsigned char>(bytes[0]) & 0xF0U) == 0x80U; }
  };

  void add(double beat, std::initializer_list<int> bytes) {
    Event event{std::llround(beat * kTicksPerBeat), ""};
    for (const int byte : bytes) event.bytes += static_cast<char>(byte);
    events_.push_back(event);
  }

  static std::string big_endian(std::int64_t value, int bytes) {
    std::string text;
    for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>((value >> (8 * i)) & 0xFF);
    return text;
  }

  static std::string variable_length(std::int64_t value) {
    std::string text(1, static_cast<char>(value & 0x7F));
    while ((value >>= 7) > 0) text.insert(0, 1, static_cast<char>(0x80 | (value & 0x7F)));
    return text;
  }

  std::vector<Event> events_;
};

// Roots of a four-bar progression, in steps of the scale: I V vi IV, and i VI III VII.
constexpr std::array kMajorRoots{0, 4, 5, 3};
constexpr std::array kMinorRoots{0, 5, 2, 6};
constexpr std::array kMajorScale{0, 2, 4, 5, 7, 9, 11};
constexpr std::array kMinorScale{0, 2, 3, 5, 7, 8, 10};

class Composer {
 public:
  explicit Composer(const Song& song) : song_(song), state_(song.seed) {
    track_.tempo(song.bpm);
    bars_ = static_cast<int>(std::ceil(song.seconds * song.bpm / 60.0 / 4.0));
  }

  std::string compose() {
    switch (song_.style) {
      case Style::band:
        band();
        break;
      case Style::piano:
        piano();
        break;
      case Style::strings:
        strings();
        break;
    }
    return track_.file();
  }

 private:
  int degree(int step, int octave) const {
    const auto& scale = song_.minor ? kMinorScale : kMajorScale;
    const int wrapped = (step % 7 + 7) % 7;
    const int octaves = (step - wrapped) / 7;
    return 12 * (octave + octaves) + song_.tonic + scale[static_cast<size_t>(wrapped)];
  }
  int root(int bar) const {
    const auto& roots = song_.minor ? kMinorRoots : kMajorRoots;
    return roots[static_cast<size_t>(bar % 4)];
  }
  int chance(int below) {
    state_ = state_ * 1664525U + 1013904223U;
    return static_cast<int>((state_ >> 16) % static_cast<std::uint32_t>(below));
  }
  void chord(int channel, int bar, int octave, int velocity, double begin, double length) {
    for (const int third : {0, 2, 4})
      track_.note(channel, degree(root(bar) + third, octave), velocity, begin, length);
  }
  // Notes of the bar's chord, with a neighbour in between now and then.
  void melody(int channel, int bar, int octave, double step, double length) {
    for (double beat = 0.0; beat < 4.0; beat += step) {
      if (chance(5) == 0) continue;
      track_.note(channel, degree(root(bar) + chance(6), octave), 70 + chance(30), 4.0 * bar + beat,
                  length);
    }
  }

  void band() {
    constexpr int kick = 36;
    constexpr int snare = 38;
    constexpr int hat = 42;
    track_.program(0, 4);
    track_.program(1, 33);
    track_.program(2, 73);
    for (int bar = 0; bar < bars_; ++bar) {
      const double at = 4.0 * bar;
      for (int beat = 0; beat < 4; ++beat) {
        track_.note(kDrumChannel, beat % 2 == 0 ? kick : snare, 110, at + beat, 0.25);
        track_.note(kDrumChannel, hat, 70, at + beat, 0.25);
        track_.note(kDrumChannel, hat, 55, at + beat + 0.5, 0.25);
        track_.note(1, degree(root(bar), 3), 95, at + beat, 0.9);
      }
      chord(0, bar, 5, 70, at, 1.9);
      chord(0, bar, 5, 60, at + 2.0, 1.9);
      melody(2, bar, 6, 0.5, 0.45);
    }
  }
  void piano() {
    track_.program(0, 0);
    for (int bar = 0; bar < bars_; ++bar) {
      for (int i = 0; i < 8; ++i) {
        constexpr std::array pattern{0, 4, 7, 4, 2, 4, 7, 4};
        track_.note(0, degree(root(bar) + pattern[static_cast<size_t>(i)], 4), 60,
                    4.0 * bar + 0.5 * i, 0.5);
      }
      melody(0, bar, 6, 1.0, 0.95);
    }
  }
  void strings() {
    track_.program(0, 48);
    track_.program(1, 40);
    for (int bar = 0; bar < bars_; ++bar) {
      chord(0, bar, 4, 70, 4.0 * bar, 3.9);
      track_.note(0, degree(root(bar), 3), 70, 4.0 * bar, 3.9);
      melody(1, bar, 5, 2.0, 1.9);
    }
  }

  Song song_;
  std::uint32_t state_;
  MidiTrack track_;
  int bars_;
};

std::string sound_font() {
  for (const char* font : kSoundFonts) {
    if (fs::exists(font)) return font;
  }
  throw std::runtime_error(
      "no General MIDI sound font in /usr/share/sounds/sf2; these tests play real music: install "
      "the packages fluidsynth and timgm6mb-soundfont");
}

}  // namespace

std::string compose_midi(const Song& song) { return Composer(song).compose(); }

at::Tensor play(const Song& song) {
  const TempFolder folder;
  const auto midi = folder.write("song.mid", compose_midi(song));
  const auto wav = folder / "song.wav";
  const auto ran =
      run_program({"fluidsynth", "-n", "-i", "-q", "-g", "0.5", "-r", std::to_string(kSongRate),
                   "-T", "wav", "-F", wav.string(), sound_font(), midi.string()});
  if (ran.status != 0 || !fs::exists(wav)) {
    throw std::runtime_error(
        "fluidsynth did not play the song; these tests play real music: install the packages "
        "fluidsynth and timgm6mb-soundfont. It said: " +
        ran.err + ran.out);
  }
  const auto wanted = static_cast<std::int64_t>(std::llround(song.seconds * kSongRate));
  const auto played = load_audio(wav, kSongRate, {.channels = 2});
  const auto missing = std::max<std::int64_t>(0, wanted - played.size(1));
  return at::constant_pad_nd(played, {0, missing}).narrow(1, 0, wanted).contiguous();
}

}  // namespace headroom::test
