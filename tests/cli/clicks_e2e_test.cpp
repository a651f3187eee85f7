// No click where chunks were sewn together: measured at every seam against the rest of the track,
// and the measure itself is shown to find clicks.
#include <cmath>
#include <iostream>
#include <vector>

#include <gtest/gtest.h>

#include "audio/load.h"
#include "cli/clicks.h"
#include "cli/workshop.h"
#include "studio/piece.h"
#include "studio/vae_codec.h"
#include "support/music.h"

namespace headroom::test {
namespace {

constexpr std::int64_t kHop = 1920;
constexpr std::int64_t kTile = (studio::kDecodeFrames - 2 * studio::kDecodeOverlap) * kHop;
constexpr std::int64_t kSeparationStep = 352800 / 2;

std::string write_song(const Workshop& shop, const Song& song) {
  AudioWriter writer(shop / "long.wav", kSongRate, 2, SampleFormat::pcm16);
  writer.write(play(song));
  writer.commit();
  return "long.wav";
}

void print(const char* what, const SeamReport& report) {
  std::cout << "[ measured ] " << what << ": " << report.rank.size() << " seams, mean rank "
            << report.mean_rank << ", worst rank " << report.worst_rank << ", worst roughness "
            << report.worst_roughness << " (99.9 % of other places are below "
            << report.usual_roughness << ")\n";
}

at::Tensor with_step(const at::Tensor& audio, std::int64_t at, double height) {
  auto damaged = audio.clone();
  damaged.narrow(1, at, std::min<std::int64_t>(64, audio.size(1) - at)).add_(height);
  return damaged;
}

TEST(Clicks, NoneInACoverOfTwoSections) {
  const Workshop shop;
  const auto file = write_song(shop, {Style::strings, 77, 0, false, 130.0});
  shop.run_json({"cover", file, "-o", "out/cover.wav", "-p", "calm", "--model", "model",
                 "--strength", "0.7", "--steps", "3"});
  const auto cover = load_audio(shop / "out/cover.wav", 48000);
  const auto tiles = measure_seams(cover, 48000, seams_every(kTile, cover.size(1)));
  print("decode tiles", tiles);
  EXPECT_FALSE(tiles.clicks()) << "look at decode_latents and its overlap";

  const auto frames = (cover.size(1) + kHop - 1) / kHop;
  std::vector<std::int64_t> seams;
  const auto sections = studio::plan_sections(frames, 5);
  ASSERT_GE(sections.size(), 2U);
  for (size_t i = 1; i < sections.size(); ++i) {
    seams.push_back(sections[i].begin * kHop);
    seams.push_back(sections[i - 1].end * kHop);
  }
  const auto joined = measure_seams(cover, 48000, seams);
  print("sections", joined);
  EXPECT_LE(joined.worst_rank, 0.9995) << "look at place_section and its fade";

  const double loud = std::sqrt(cover.square().mean().item<double>());
  // The random network's cover is noise, so it takes a loud click.
  const auto damaged = measure_seams(with_step(cover, 4 * kTile, 20.0 * loud), 48000,
                                     seams_every(kTile, cover.size(1)));
  print("decode tiles, one step added", damaged);
  EXPECT_TRUE(damaged.clicks()) << "the measure is blind";
}

// Largest difference of two decodes within 10 ms of any seam, over the level of the sound.
double seam_error(const at::Tensor& tiled, const at::Tensor& whole) {
  const double loud = std::sqrt(whole.square().mean().item<double>());
  double worst = 0.0;
  for (const auto seam : seams_every(kTile, whole.size(1))) {
    const auto near = [&](const at::Tensor& x) { return x.narrow(1, seam - 480, 960); };
    worst = std::max(worst, (near(tiled) - near(whole)).abs().max().item<double>());
  }
  return worst / loud;
}

// A decoder with random weights makes noise, in which no moderate click stands out. What a tile
// without context does to its ends shows against one run over the whole piece.
TEST(Clicks, TilesAreOneDecodeAndWithoutOverlapAreNot) {
  const Workshop shop;
  const auto file = write_song(shop, {Style::strings, 77, 0, false, 30.0});
  const auto model = studio::ModelFolder::open(shop / "model");
  const auto audio = load_audio(shop / file, 48000, {.channels = 2});
  const auto latents =
      studio::sample_latents(studio::encode_track(model.load_vae_encoder(), audio), 1);
  const auto decoder = model.load_vae_decoder();
  const auto decode = [&](std::int64_t tile, std::int64_t overlap) {
    std::vector<at::Tensor> blocks;
    studio::decode_latents(decoder, latents, tile, overlap,
                           [&](const at::Tensor& block) { blocks.push_back(block.clone()); });
    return at::cat(blocks, 1);
  };
  const auto whole = decode(latents.size(1), 0);
  const double good = seam_error(decode(studio::kDecodeFrames, studio::kDecodeOverlap), whole);
  const double bad = seam_error(decode(kTile / kHop, 0), whole);
  std::cout << "[ measured ] seams of decode tiles against one decode, over the level: " << good
            << " with overlap, " << bad << " without\n";
  EXPECT_LT(good, 1e-3) << "look at decode_latents and its overlap";
  EXPECT_GT(bad, 0.1) << "the measure is blind";
}

TEST(Clicks, NoneInStems) {
  const Workshop shop;
  const auto file = write_song(shop, {Style::strings, 77, 0, false, 60.0});
  const auto json = shop.run_json({"stems", file, "-o", "out", "--model", "model"});
  for (const char* name : {"vocals", "instruments"}) {
    const auto stem = load_audio(shop.path() / json["stems"].value(name, ""), kSongRate);
    const auto seams = seams_every(kSeparationStep, stem.size(1));
    const auto report = measure_seams(stem, kSongRate, seams);
    print(name, report);
    EXPECT_FALSE(report.clicks()) << "look at separate() and its windows";
    const double loud = std::sqrt(stem.square().mean().item<double>());
    const auto damaged = measure_seams(with_step(stem, seams[3], loud), kSongRate, seams);
    print("one step added", damaged);
    EXPECT_TRUE(damaged.clicks()) << "the measure is blind";
  }
}

}  // namespace
}  // namespace headroom::test
