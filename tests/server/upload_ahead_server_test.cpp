// POST /v1/tracks with the real engine: the encode runs while bytes still arrive, and its latents
// are those of an upload in one go.
#include <fstream>

#include <gtest/gtest.h>

#include "audio/file.h"
#include "server/concert.h"

namespace headroom::server::test {
namespace {

using library::StemMode;

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Sound in a file of that extension.
std::string file_bytes(const std::string& extension, double seconds, int rate = 48000) {
  const TempFolder folder;
  const auto path = folder / ("a" + extension);
  AudioWriter writer(path, rate, 2);
  writer.write(studio::test_audio(seconds, rate, 3));
  writer.commit();
  return bytes_of(path);
}

std::uint64_t encodes(Concert& concert) {
  return concert.studio().telemetry().count("step", "encode");
}

library::Latents latents_of(Concert& concert, const std::string& name) {
  const auto track = concert.library().find(name);
  EXPECT_TRUE(track.has_value());
  auto latents = concert.library().read_latents(
      *track, StemMode::full, concert.studio().checkpoint(), track->content_hash, track->samples);
  EXPECT_TRUE(latents.has_value());
  return *std::move(latents);
}

// Nothing of it is on the device and nothing is leased.
bool at_rest(Concert& concert) {
  bool rest = false;
  concert.studio().executor().between_steps([&](memory::Residency&) {
    rest = concert.studio().device().usage().used == 0 && concert.studio().ledger().leased() == 0;
  });
  return rest;
}

class UploadAheadOf : public testing::TestWithParam<const char*> {};

TEST_P(UploadAheadOf, EncodesWhileBytesArrive) {
  const std::string extension = GetParam();
  const auto body = file_bytes(extension, 45.0, extension == ".opus" ? 48000 : 44100);
  const auto target = "/v1/tracks?name=song" + extension;
  Concert slow;
  SlowPost post(slow.port(), target, body.size());
  // In pieces, and not the last one before the device has worked.
  const std::size_t last = body.size() * 9 / 10;
  for (std::size_t at = 0; at < last; at += 100'000)
    post.send(std::string_view(body).substr(at, std::min<std::size_t>(100'000, last - at)));
  ASSERT_TRUE(eventually([&] { return encodes(slow) > 0; })) << "it waits for the end";
  EXPECT_TRUE(slow.library().list(library::Shelf::upload).empty()) << "it is not there yet";
  post.send(std::string_view(body).substr(last));
  const auto answer = post.answer();
  ASSERT_EQ(answer.status, 201) << answer.body;

  Concert quick;
  const auto again = http(quick.port(), "POST", target, {}, body);
  ASSERT_EQ(again.status, 201) << again.body;
  EXPECT_EQ(answer.json()["samples"], again.json()["samples"]);
  EXPECT_EQ(slow.library().find("song")->content_hash, quick.library().find("song")->content_hash);
  const auto early = latents_of(slow, "song");
  const auto late = latents_of(quick, "song");
  EXPECT_TRUE(early.latent.equal(late.latent));
  EXPECT_TRUE(early.context_latent.equal(late.context_latent));
}

INSTANTIATE_TEST_SUITE_P(Formats, UploadAheadOf,
                         testing::Values(".wav", ".flac", ".ogg", ".opus", ".mp3"),
                         [](const auto& one) { return std::string(one.param).substr(1); });

TEST(UploadAhead, WhatIsThereAlreadyIsFoundAllTheSame) {
  Concert concert;
  const auto body = file_bytes(".wav", 20.0);
  const auto first = http(concert.port(), "POST", "/v1/tracks?name=song", {}, body);
  ASSERT_EQ(first.status, 201) << first.body;
  const auto again = http(concert.port(), "POST", "/v1/tracks?name=other", {}, body);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.json()["track_id"], first.json()["track_id"]);
}

// An upload that breaks off leaves nothing on the device, and goes on where it was.
TEST(UploadAhead, ABrokenOneGivesAllBackAndGoesOn) {
  Concert concert;
  const auto body = file_bytes(".wav", 45.0);
  const std::string target = "/v1/tracks?name=song&upload_id=abcdefgh-1";
  const auto half = body.size() / 2;
  {
    SlowPost post(concert.port(), target, body.size());
    post.send(std::string_view(body).substr(0, half));
    ASSERT_TRUE(eventually([&] { return encodes(concert) > 0; }));
    EXPECT_FALSE(at_rest(concert)) << "the encoder is there, for the next chunk";
    post.drop();
  }
  ASSERT_TRUE(eventually([&] { return at_rest(concert); }));
  const auto asked = http(concert.port(), "HEAD", target);
  const auto offset = std::stoull(asked.headers.at("upload-offset"));
  ASSERT_GT(offset, 0U);
  const auto rest = http(concert.port(), "POST", target,
                         {{"Upload-Offset", std::to_string(offset)}}, body.substr(offset));
  ASSERT_EQ(rest.status, 201) << rest.body;
  Concert other;
  ASSERT_EQ(http(other.port(), "POST", target, {}, body).status, 201);
  EXPECT_TRUE(latents_of(concert, "song").latent.equal(latents_of(other, "song").latent));
}

// A device that refuses the work ahead changes nothing about the answer.
TEST(UploadAhead, WithoutMemoryItIsOnlyLater) {
  Concert concert;
  const auto body = file_bytes(".wav", 45.0);
  SlowPost post(concert.port(), "/v1/tracks?name=song", body.size());
  auto& faults = studio::faults(concert.studio());
  faults.arm({.mode = memory::FaultPlan::Mode::from, .n = 1, .bytes = 0, .purpose = "encode"});
  post.send(std::string_view(body).substr(0, body.size() - 10));
  ASSERT_TRUE(eventually([&] { return faults.failures() > 0; }));
  faults.disarm();
  post.send(std::string_view(body).substr(body.size() - 10));
  const auto answer = post.answer();
  EXPECT_EQ(answer.status, 201) << answer.body;
}

}  // namespace
}  // namespace headroom::server::test
