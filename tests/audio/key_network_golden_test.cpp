#include <gtest/gtest.h>

#include "audio/key_network.h"
#include "expect_error.h"
#include "support/golden.h"
#include "tensor/checkpoint.h"

namespace headroom {
namespace {

TEST(KeyNetworkGolden, Filterbank) {
  const Golden golden("key_cnn");
  const auto bank = key_filterbank();
  ASSERT_EQ(bank.sizes(), (std::vector<std::int64_t>{4097, 105}));
  expect_golden(bank.narrow(0, 13, 376), golden("mid.filterbank_slice"), 1e-6, "filterbank");
  EXPECT_EQ(bank.narrow(0, 0, 13).count_nonzero().item<std::int64_t>(), 0);
  EXPECT_EQ(bank.narrow(0, 389, 4097 - 389).count_nonzero().item<std::int64_t>(), 0);
}

TEST(KeyNetworkGolden, FeaturesLogitsAndLabel) {
  const Golden golden("key_cnn");
  auto checkpoint = Checkpoint::open(golden.file().path());
  const auto network = KeyNetwork::bind(Weights(checkpoint));
  const auto audio = golden("in.audio.0");
  const auto features = key_features(audio);
  expect_golden(features, golden("mid.features.0"), 1e-5, "features");
  expect_golden(network.logits(golden("mid.features.0")), golden("out.logits.0"), 1e-5, "logits");
  EXPECT_EQ(network.detect(audio), golden.config()["cases"][0]["label"].get<std::string>());
  const auto labels = golden.config()["labels"];
  for (int i = 0; i < 24; ++i) EXPECT_EQ(key_network_label(i), labels[static_cast<size_t>(i)]);
}

TEST(KeyNetworkGolden, TooShort) {
  const Golden golden("key_cnn");
  auto checkpoint = Checkpoint::open(golden.file().path());
  const auto network = KeyNetwork::bind(Weights(checkpoint));
  EXPECT_EQ(network.detect(at::zeros({0})), "C major");
  EXPECT_ERROR(network.detect(at::zeros({kKeyNetworkShortest - 1})), ErrorKind::input, "1.4 s");
  EXPECT_NO_THROW(network.detect(at::zeros({kKeyNetworkShortest})));
}

}  // namespace
}  // namespace headroom
