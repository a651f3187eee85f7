#include "audio/synthesis.h"

#include <limits>

#include <gtest/gtest.h>

#include "expect_error.h"

namespace headroom {
namespace {

at::Tensor row(std::initializer_list<float> values) {
  return at::tensor(std::vector<float>(values)).unsqueeze(0);
}

TEST(Synthesis, EventsAddUpAndAreCutAtTheEnd) {
  const auto kit = at::tensor({1.0F, 2.0F, 3.0F, 10.0F, 20.0F, 30.0F}).view({2, 3});
  const auto events = at::cat({row({0, 0, 1}), row({1, 1, 0.5}), row({9, 0, 1})}, 0);
  EXPECT_TRUE(at::equal(render_events(kit, events, 4), at::tensor({1.0F, 7.0F, 13.0F, 15.0F})));
}

TEST(Synthesis, NotesStartWhereTheyShould) {
  const auto audio = render_notes(row({69, 0.5, 0.25, 1.0}), 48000);
  EXPECT_EQ(audio.narrow(0, 0, 24001).abs().max().item<float>(), 0.0F);
  EXPECT_GT(audio.narrow(0, 24001, 11999).abs().max().item<float>(), 0.5F);
  EXPECT_EQ(audio.narrow(0, 36000, 12000).abs().max().item<float>(), 0.0F);
}

TEST(Synthesis, RefusesWhatHasNoPlace) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto kit = at::zeros({2, 3});
  for (const auto& bad : {row({-1, 0, 1}), row({0, 2, 1}), row({0, -1, 1}), row({nan, 0, 1})}) {
    EXPECT_ERROR(render_events(kit, bad, 10), ErrorKind::input, "event 0");
  }
  for (const auto& bad : {row({69, -1, 1, 1}), row({69, nan, 1, 1}), row({69, 0, 2e9F, 1})}) {
    EXPECT_ERROR(render_notes(bad, 10), ErrorKind::input, "note 0");
  }
}

}  // namespace
}  // namespace headroom
