// The generated files are what the schema makes of them, and the numbers that others rely on.
#include <gtest/gtest.h>

#include "support/program.h"
#include "wire/constants.gen.h"
#include "wire/knobs.h"
#include "wire/protocol_golden.h"

namespace headroom::wire {
namespace {

TEST(Schema, GeneratedFilesAreUpToDate) {
  const auto ran = test::run_program({"python3", HEADROOM_SOURCE_DIR "/tools/wire", "--check"});
  EXPECT_EQ(ran.status, 0) << ran.err;
}

// S65: the close code stands once in each language, and a recorded frame says it.
TEST(Schema, ThePreemptionCode) {
  const auto golden = golden_json("seed_frames.json")["preemption"];
  EXPECT_EQ(kClosePreempted, golden["close_code"]);
  EXPECT_EQ(kPreemptedReason, golden["close_reason"].get<std::string>());
}

TEST(Schema, KnobBanksAreThoseOfTheRecordedTables) {
  const auto banks = golden_json("tables.json")["knob_banks"];
  for (const char* kind : {"ode", "sde"}) {
    for (const auto& bank : banks[kind]) {
      for (const auto& [name, wanted] : bank["knobs"].items()) {
        const auto* const knob = find_knob(name);
        ASSERT_NE(knob, nullptr) << name;
        EXPECT_EQ(knob->initial.get<double>(), wanted["default"].get<double>()) << name;
        EXPECT_EQ(knob->bank, wanted["sensitivity"].get<double>()) << name;
        if (name == "seed") continue;  // recorded as a turn of a controller
        EXPECT_EQ(knob->most, wanted["max_val"].get<double>()) << name;
      }
    }
  }
}

}  // namespace
}  // namespace headroom::wire
