#include "train/synth/performance.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "train/synth/dice.h"

namespace headroom::synth {
namespace {

// One bar in sixteenths: x plays, o plays softly.
struct Groove {
  std::string_view kick, snare, hat, open_hat, shaker;
};
// In the order of Style.
constexpr std::array<Groove, 8> kGrooves{{
    {"x...x...x...x...", "....x.......x...", "..x...x...x...x.", "..............x.",
     "xoxoxoxoxoxoxoxo"},
    {"x...x...x...x...", "............o...", "x.xox.xox.xox.xo", "..x...x...x...x.",
     "................"},
    {"x.....x...x.....", "....x.......x...", "x.x.x.x.x.x.x.xo", "................",
     "..o...o...o...o."},
    {"x.......x.x.....", "....x.......x...", "x.x.x.x.x.x.x.x.", "................",
     "................"},
    {"x..o..x...x..o..", "....x..o.o..x..o", "xoxoxoxoxoxoxoxo", "......x.........",
     "................"},
    {"x.........x.....", "........x.......", "x...x...x...x...", "................",
     "o...o...o...o..."},
    {"x...............", "................", "........o.......", "................",
     "o..o..o..o..o..o"},
    {"x.........x.....", "....x.......x...", "x.xox.xox.xox.xo", "......x.........",
     "................"},
}};

// Which sixteenths of a bar the chords and the bass play in, by style.
constexpr std::array<std::string_view, 8> kStabs{
    "..x...x...x...x.", "x..x..x.........", "x.......x.......", "x...x...x...x...",
    "..x..x....x..x..", "x.x.x.x.x.x.x.x.", "x...............", "x.....x...x....."};
constexpr std::array<std::string_view, 8> kBassLines{
    "..x...x...x...x.", "x.x.x.x.x.x.x.x.", "x.....x...x.....", "x.x.x.x.x.x.x.x.",
    "x..x..x.x.x..x.x", "x.......x.......", "x...............", "x.........x..x.."};

constexpr double kStep = 0.25;  // beats

double swung(const Song& song, int step, double beat) {
  return beat + (step % 2 == 1 ? song.swing : 0.0);
}

void add_row(const Song& song, std::string_view row, int bar, Drum drum, Dice& dice,
             std::vector<Hit>& hits) {
  for (int step = 0; step < 16; ++step) {
    const char mark = row[static_cast<size_t>(step)];
    if (mark == '.' || dice.chance(0.03)) continue;
    const double loud = mark == 'x' ? dice.uniform(0.8, 1.0) : dice.uniform(0.25, 0.5);
    hits.push_back({swung(song, step, 4.0 * bar + kStep * step), drum, loud});
  }
}

void add_fill(int bar, Dice& dice, std::vector<Hit>& hits) {
  for (int step = 12; step < 16; ++step) {
    if (dice.chance(0.7))
      hits.push_back({4.0 * bar + kStep * step, dice.chance(0.5) ? Drum::tom : Drum::snare,
                      dice.uniform(0.5, 0.9)});
  }
}

std::vector<Hit> play_drums(const Song& song, const Arrangement& arrangement, Dice dice) {
  const auto& groove = kGrooves[static_cast<size_t>(arrangement.style)];
  const bool claps = dice.chance(0.4);
  const bool shaker = dice.chance(0.5);
  std::vector<Hit> hits;
  for (int bar = 0; bar < static_cast<int>(song.bars.size()); ++bar) {
    add_row(song, groove.kick, bar, Drum::kick, dice, hits);
    add_row(song, groove.snare, bar, claps ? Drum::clap : Drum::snare, dice, hits);
    add_row(song, groove.hat, bar, Drum::hat, dice, hits);
    add_row(song, groove.open_hat, bar, Drum::open_hat, dice, hits);
    if (shaker) add_row(song, groove.shaker, bar, Drum::shaker, dice, hits);
    if (bar % 4 == 3 && dice.chance(0.5)) add_fill(bar, dice, hits);
    if (bar % 8 == 0 && dice.chance(0.6)) hits.push_back({4.0 * bar, Drum::crash, 0.7});
  }
  return hits;
}

int near(int pitch_class, int centre) {
  int pitch = centre - ((centre - pitch_class) % 12 + 12) % 12;
  if (centre - pitch > 6) pitch += 12;
  return pitch;
}

void add_chord(const Chord& chord, double beat, double length, int centre, double velocity,
               std::vector<Note>& notes) {
  for (const int pitch_class : chord.classes)
    notes.push_back({beat, length, near(pitch_class, centre), velocity});
}

std::vector<Note> play_chords(const Song& song, const Arrangement& arrangement, Dice dice) {
  const bool held = dice.chance(0.25);
  const auto row =
      held ? std::string_view("x...............") : kStabs[static_cast<size_t>(arrangement.style)];
  const int centre = 58 + dice.below(8);
  std::vector<Note> notes;
  for (size_t bar = 0; bar < song.bars.size(); ++bar) {
    for (int step = 0; step < 16; ++step) {
      if (row[static_cast<size_t>(step)] == '.') continue;
      const double beat = swung(song, step, 4.0 * static_cast<double>(bar) + kStep * step);
      int next = step + 1;
      while (next < 16 && row[static_cast<size_t>(next)] == '.') ++next;
      const double length = kStep * (next - step) * (held ? 0.98 : dice.uniform(0.5, 0.9));
      add_chord(song.bars[bar], beat, length, centre, dice.uniform(0.6, 1.0), notes);
    }
  }
  return notes;
}

std::vector<Note> play_bass(const Song& song, const Arrangement& arrangement, Dice dice) {
  const auto row = kBassLines[static_cast<size_t>(arrangement.style)];
  const bool octaves = dice.chance(0.3);
  const int centre = 36 + dice.below(5);
  std::vector<Note> notes;
  for (size_t bar = 0; bar < song.bars.size(); ++bar) {
    const auto& chord = song.bars[bar];
    int count = 0;
    for (int step = 0; step < 16; ++step) {
      if (row[static_cast<size_t>(step)] == '.') continue;
      int next = step + 1;
      while (next < 16 && row[static_cast<size_t>(next)] == '.') ++next;
      int pitch = near(chord.classes[0], centre);
      if (count > 0 && dice.chance(0.2)) pitch = near(chord.classes[2], centre);
      if (octaves && count % 2 == 1) pitch += 12;
      notes.push_back({swung(song, step, 4.0 * static_cast<double>(bar) + kStep * step),
                       kStep * (next - step) * dice.uniform(0.6, 0.95), pitch,
                       dice.uniform(0.75, 1.0)});
      ++count;
    }
  }
  return notes;
}

std::vector<Note> play_pad(const Song& song, Dice dice) {
  const int centre = 60 + dice.below(8);
  std::vector<Note> notes;
  for (size_t bar = 0; bar < song.bars.size(); ++bar)
    add_chord(song.bars[bar], 4.0 * static_cast<double>(bar), 4.0, centre, 0.8, notes);
  return notes;
}

// The lead leaves room: it plays two bars of every four, or all of them.
std::vector<Note> play_lead(const Song& song, Dice dice) {
  const bool sparse = dice.chance(0.5);
  const int octave = dice.chance(0.3) ? 12 : 0;
  std::vector<Note> notes;
  for (auto note : song.melody) {
    if (sparse && static_cast<int>(note.start / 8.0) % 2 == 1) continue;
    note.pitch += octave;
    note.length *= 0.9;
    notes.push_back(note);
  }
  return notes;
}

std::vector<Note> sing(const Song& song, const Arrangement& arrangement, Dice dice) {
  const auto sound = arrangement.part(Stem::vocals).sound;
  std::vector<Note> notes;
  const bool pauses = dice.chance(0.5);
  for (auto note : song.sung) {
    if (pauses && static_cast<int>(note.start / 16.0) % 4 == 3) continue;
    if (sound == 0) note.pitch -= note.pitch > 62 ? 12 : 0;
    if (sound == 1) note.pitch += note.pitch < 58 ? 12 : 0;
    notes.push_back(note);
  }
  return notes;
}

}  // namespace

Performance perform(const Song& song, const Arrangement& arrangement) {
  const Dice dice = Dice(arrangement.seed).fork("performance");
  const auto plays = [&](Stem stem) { return arrangement.part(stem).plays; };
  Performance result;
  const auto notes = [&](Stem stem) -> std::vector<Note>& {
    return result.notes[static_cast<size_t>(stem)];
  };
  if (plays(Stem::drums)) result.hits = play_drums(song, arrangement, dice.fork("drums"));
  if (plays(Stem::bass)) notes(Stem::bass) = play_bass(song, arrangement, dice.fork("bass"));
  if (plays(Stem::chords))
    notes(Stem::chords) = play_chords(song, arrangement, dice.fork("chords"));
  if (plays(Stem::lead)) notes(Stem::lead) = play_lead(song, dice.fork("lead"));
  if (plays(Stem::pad)) notes(Stem::pad) = play_pad(song, dice.fork("pad"));
  if (plays(Stem::vocals)) notes(Stem::vocals) = sing(song, arrangement, dice.fork("vocals"));
  return result;
}

}  // namespace headroom::synth
