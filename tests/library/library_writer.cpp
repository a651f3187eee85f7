// Writes to a library until it is killed: uploads, stems, removals in random order. Says on
// standard output what was acknowledged, a line each: "track FOLDER HASH", "stems FOLDER", "remove
// FOLDER" (before it begins). Or, with "once", one track, and what came of it.
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "library/tone.h"

namespace headroom::library {
namespace {

int churn(const std::string& root, std::uint32_t seed) {
  Library library(root, {.free_floor = 0});
  std::ofstream(root + "/ready-" + std::to_string(seed)) << "1";
  std::minstd_rand dice(seed);
  auto tracks = library.list(Shelf::upload);
  for (std::uint32_t i = 0;; ++i) {
    const auto pcm = noise(seed * 1000 + i, 2000 + dice() % 20000);
    const auto track = library.publish(
        library.reserve("song " + std::to_string(dice() % 5)).value(), track_of(pcm, i));
    if (!track) return 1;
    std::cout << "track " << track.value().folder << "\t" << track.value().content_hash
              << std::endl;
    tracks.push_back(track.value());
    const auto& chosen = tracks[dice() % tracks.size()];
    if (library.add_stems(chosen.id, {.vocals = pcm,
                                      .instruments = pcm,
                                      .checkpoint = "tiny",
                                      .vocals_latents = latents_of(i),
                                      .instruments_latents = latents_of(i)}))
      std::cout << "stems " << chosen.folder << std::endl;
    if (tracks.size() > 6) {
      const auto at = dice() % tracks.size();
      std::cout << "remove " << tracks[at].folder << std::endl;
      library.remove(tracks[at].id);
      tracks.erase(tracks.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
}

int once(const std::string& root) {
  std::signal(SIGXFSZ, SIG_IGN);
  Library library(root, {.free_floor = 0});
  const auto pcm = noise(1, 96000);
  const auto track = library.publish(library.reserve("song").value(), track_of(pcm, 1));
  std::cout << (track ? "written" : track.error().message) << std::endl;
  return 0;
}

}  // namespace
}  // namespace headroom::library

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  if (std::string(argv[1]) == "once") return headroom::library::once(argv[2]);
  return headroom::library::churn(argv[2], static_cast<std::uint32_t>(std::atoi(argv[3])));
}
