// The catalogue that the engine clamps with and the one of the wire say the same.
#include <map>

#include <gtest/gtest.h>

#include "diffusion/knobs.h"
#include "wire/knobs.h"

namespace headroom::diffusion {
namespace {

TEST(Knobs, EngineAndWireAgree) {
  for (const auto kind : {SessionKind::ode, SessionKind::sde}) {
    std::map<std::string, const wire::Knob*> expected;
    const auto other = kind == SessionKind::ode ? wire::SamplerOnly::sde : wire::SamplerOnly::ode;
    for (const auto& knob : wire::knobs()) {
      // Curves belong to requests, not to the catalogue of knobs.
      if (knob.sampler != other && knob.type != wire::KnobType::curve)
        expected[knob.prefix ? knob.name + "x" : knob.name] = &knob;
    }
    for (const auto& knob : knob_catalogue(kind, {"x"})) {
      SCOPED_TRACE(knob.name);
      ASSERT_TRUE(expected.contains(knob.name)) << "the wire does not know it";
      const auto& wired = *expected[knob.name];
      EXPECT_EQ(static_cast<int>(knob.type), static_cast<int>(wired.type));
      EXPECT_EQ(knob.group, wired.group);
      EXPECT_EQ(knob.initial, wired.initial);
      EXPECT_EQ(knob.options, wired.options);
      EXPECT_EQ(knob.sensitivity, wired.bank);
      if (knob.type == KnobType::number || knob.type == KnobType::integer) {
        EXPECT_EQ(knob.least, wired.least);
        EXPECT_EQ(knob.most, wired.most);
      }
      expected.erase(knob.name);
    }
    EXPECT_TRUE(expected.empty()) << "the engine does not know " << expected.begin()->first;
  }
}

}  // namespace
}  // namespace headroom::diffusion
