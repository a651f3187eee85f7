#include "audio/key.h"

#include <limits>

#include <gtest/gtest.h>

#include "audio/synthesis.h"
#include "expect_error.h"

namespace headroom {
namespace {

// I–IV–V–I in the major key on `tonic` (MIDI note), everything off by `cents`.
at::Tensor cadence(int tonic, double cents) {
  std::vector<float> rows;
  int bar = 0;
  for (const int root : {0, 5, 7, 0}) {
    for (const int step : {0, 4, 7, 12}) {
      const double note = tonic + root + step + cents / 100.0;
      rows.insert(rows.end(), {static_cast<float>(note), static_cast<float>(bar), 1.0F, 0.2F});
    }
    ++bar;
  }
  const auto notes = at::tensor(rows).view({-1, 4});
  return render_notes(notes, std::int64_t{4} * 48000);
}

TEST(Key, EveryTonic) {
  for (int tonic = 0; tonic < 12; ++tonic) {
    EXPECT_EQ(detect_key(cadence(60 + tonic, 0.0), 48000).index, tonic);
  }
}

TEST(Key, DetunedRecordings) {
  for (const double cents : {-45.0, -30.0, 20.0, 40.0}) {
    const auto audio = cadence(62, cents);
    EXPECT_NEAR(estimate_tuning(audio, 48000), cents / 100.0, 0.03);
    EXPECT_EQ(detect_key(audio, 48000).name(), "D major") << cents;
  }
}

TEST(Key, SilenceAndShortAudio) {
  for (const std::int64_t samples : {0, 1, 8191, 50000}) {
    const auto key = detect_key(at::zeros({samples}), 48000);
    EXPECT_EQ(key.name(), "C major");
    EXPECT_EQ(key.confidence, 0.0);
    EXPECT_EQ(chroma(at::zeros({samples}), 48000).size(1), 1 + samples / kChromaHop);
  }
  at::manual_seed(8);
  EXPECT_NO_THROW(detect_key(at::randn({100}), 48000));
}

TEST(Key, SameBitsForAnyNumberOfThreads) {
  const auto audio = cadence(65, 10.0);
  const int before = at::get_num_threads();
  const auto one = chroma(audio, 48000);
  at::set_num_threads(before == 1 ? 2 : 1);
  const auto two = chroma(audio, 48000);
  at::set_num_threads(before);
  EXPECT_TRUE(at::equal(one, two));
}

TEST(Key, AudioThatIsNotANumberDoesNoHarm) {
  auto audio = cadence(60, 0.0);
  audio.narrow(0, 70000, 10).fill_(std::numeric_limits<float>::quiet_NaN());
  EXPECT_NO_THROW(detect_key(audio, 48000));
  EXPECT_NO_THROW(detect_key(at::full({99999}, std::numeric_limits<float>::infinity()), 48000));
}

TEST(Key, Names) {
  EXPECT_EQ(key_name(0), "C major");
  EXPECT_EQ(key_name(22), "A# minor");
  EXPECT_ERROR(key_name(24), ErrorKind::internal, "0 to 23");
  EXPECT_ERROR(parse_key_profile("bach"), ErrorKind::usage, "temperley");
  EXPECT_ERROR(detect_key(at::zeros({9}), 100), ErrorKind::input, "8000 Hz");
}

}  // namespace
}  // namespace headroom
