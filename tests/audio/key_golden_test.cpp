#include <gtest/gtest.h>

#include "audio/key.h"
#include "audio/synthesis.h"
#include "support/golden.h"

namespace headroom {
namespace {

constexpr int kRate = 48000;

class KeyGolden : public testing::TestWithParam<int> {
 protected:
  Golden golden_{"key_chroma"};
  at::Tensor get(const char* name) const { return golden_(fmt::format("{}.{}", name, GetParam())); }
  nlohmann::json config() const {
    return golden_.config()["cases"][static_cast<size_t>(GetParam())];
  }
  at::Tensor audio() const { return render_notes(get("in.notes"), config()["samples"], kRate); }
};

TEST_P(KeyGolden, Synthesis) {
  const auto sound = audio();
  expect_golden(sound.narrow(0, 0, 4096), get("in.audio_head"), 1e-6, "audio_head");
  expect_golden(sound.narrow(0, sound.size(0) / 2, 2048), get("in.audio_mid"), 1e-6, "audio_mid");
}

TEST_P(KeyGolden, ChromaAndScores) {
  const auto pitches = chroma(audio(), kRate);
  expect_golden(pitches, get("mid.chroma"), 1e-5, "chroma");
  const auto mean = pitches.to(at::kDouble).mean(1);
  expect_golden(mean, get("out.chroma_mean"), 1e-5, "chroma_mean");
  for (const char* profile : {"krumhansl", "temperley", "edma", "bgate"}) {
    const auto scores = key_scores(mean, parse_key_profile(profile));
    expect_golden(scores, get(fmt::format("out.scores_{}", profile).c_str()), 1e-5,
                  fmt::format("scores_{}", profile));
    EXPECT_EQ(best_key(scores).name(), config()["by_profile"][profile].get<std::string>());
  }
}

TEST_P(KeyGolden, Key) {
  const auto sound = audio();
  const auto plain = detect_key(sound, kRate, {KeyProfile::temperley, 0.0});
  EXPECT_EQ(plain.index, static_cast<int>(get("out.expected_index").item<float>()));
  EXPECT_EQ(plain.name(), config()["expected"].get<std::string>());
  EXPECT_GT(plain.confidence, 0.0);
  // The estimated tuning of these pieces is none, so the default settings agree.
  EXPECT_EQ(detect_key(sound, kRate).name(), plain.name());
}

INSTANTIATE_TEST_SUITE_P(Pieces, KeyGolden, testing::Range(0, 6));

TEST(ChromaFilterGolden, FirstColumns) {
  const Golden golden("key_chroma");
  const auto filter = chroma_filter(kRate, 0.0).narrow(1, 0, 1024);
  expect_golden(filter, golden("mid.chroma_filter_cols_0_1024"), 1e-6, "filter");
}

}  // namespace
}  // namespace headroom
