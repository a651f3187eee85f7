// Writes a song that the tests' composer makes: headroom_song band|piano|strings BPM SECONDS OUT
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "audio/file.h"
#include "support/music.h"

int main(int argc, char** argv) {
  using namespace headroom;
  if (argc != 5) {
    std::fputs("usage: headroom_song band|piano|strings BPM SECONDS OUT.wav\n", stderr);
    return 2;
  }
  try {
    const std::string style = argv[1];
    test::Song song;
    song.style = style == "piano"     ? test::Style::piano
                 : style == "strings" ? test::Style::strings
                                      : test::Style::band;
    song.bpm = std::atoi(argv[2]);
    song.seconds = std::atof(argv[3]);
    const auto audio = test::play(song);
    AudioWriter writer(argv[4], test::kSongRate, 2, SampleFormat::pcm16);
    writer.write(audio);
    writer.commit();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "headroom_song: %s\n", error.what());
    return 1;
  }
  return 0;
}
