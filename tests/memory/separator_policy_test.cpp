// Rows S18 to S32 of the specification "Server behaviour", section 9.2, on the memory floor: who is
// on the device when, and what is told of it.
#include "memory/separator_policy.h"

#include <random>

#include <gtest/gtest.h>

#include "base/json.h"
#include "memory/stand.h"

namespace headroom::memory {
namespace {

using Phases = std::vector<std::string>;

SeparatorPolicy policy(SeparatorPark park, std::uint64_t reserve = 6ULL << 30) {
  return {.park = park, .reserve = reserve, .keep_in_memory = true};
}

// One separation of two chunks.
void separate(Stand& stand, SeparatorPolicy how, const std::function<void()>& between = {},
              const std::string& owner = "upload") {
  SeparatorStay stay(stand.residency, how, stand.separator, owner);
  for (int chunk = 0; chunk < 2; ++chunk) {
    {
      const auto grant = stand.admit({&stand.separator}, 4, owner);
      ASSERT_TRUE(grant);
      stay.loaded();
      EXPECT_TRUE(stand.placements[4]->intact());
    }
    if (between) between();
  }
  stay.separated();
  stay.end();
}

void bring_in_all(Stand& stand) {
  ASSERT_TRUE(stand.admit({&stand.decoder, &stand.vae}, 0, "session"));
  ASSERT_TRUE(stand.admit({&stand.text}, 0, "session"));
  ASSERT_TRUE(stand.admit({&stand.encoder}, 0, "session"));
}

// Never both, at any transition that was told.
void expect_never_together(const Stand& stand) {
  bool separator = false;
  int conditioning = 0;
  for (const auto& event : stand.telemetry.recent()) {
    const int step = event.what == "restored" ? 1 : event.what == "parked" ? -1 : 0;
    if (event.name == "separator") separator = step == 0 ? separator : step > 0;
    if (event.name == "text_encoder" || event.name == "vae_encoder") conditioning += step;
    ASSERT_FALSE(separator && conditioning > 0) << "at " << event.json().dump();
  }
}

TEST(SeparatorPolicy, S18_SeparatorAndConditioningAreNeverTogether) {
  Stand stand(256 * kMiB);
  bring_in_all(stand);
  separate(stand, policy(SeparatorPark::always),
           [&] { EXPECT_EQ(stand.residents(), "decoder vae_decoder separator"); });
  expect_never_together(stand);
  EXPECT_EQ(stand.check(), "");
}

TEST(SeparatorPolicy, S18_NotUnderRandomSchedulesEither) {
  std::mt19937 random(18);
  for (int round = 0; round < 50; ++round) {
    Stand stand(60 * kMiB);
    stand.residency.set_exclusive(true);
    for (int i = 0; i < 20; ++i) {
      switch (random() % 4) {
        case 0:
          ASSERT_TRUE(stand.admit({&stand.text}, random() % 16));
          break;
        case 1:
          ASSERT_TRUE(stand.admit({&stand.encoder}, random() % 16, "upload"));
          break;
        case 2:
          ASSERT_TRUE(stand.admit({&stand.decoder, &stand.vae}, random() % 16));
          break;
        default:
          separate(stand, policy(SeparatorPark::always), [&] {
            if (random() % 2 == 0) {
              ASSERT_TRUE(stand.admit({&stand.text}, random() % 16));
            }
          });
      }
      ASSERT_EQ(stand.check(), "");
    }
    expect_never_together(stand);
  }
}

TEST(SeparatorPolicy, S19_TheStreamOfASessionStays) {
  Stand stand(256 * kMiB);
  bring_in_all(stand);
  separate(stand, policy(SeparatorPark::always));
  EXPECT_EQ(stand.decoder.restores(), 1U);
  EXPECT_EQ(stand.vae.restores(), 1U);
  EXPECT_EQ(stand.text.restores(), 2U);
  EXPECT_EQ(stand.encoder.restores(), 2U);
}

TEST(SeparatorPolicy, S20_WhatIsParkedGoesBackToTheDevice) {
  Stand stand(256 * kMiB);
  bring_in_all(stand);
  const auto before = stand.device.usage().reserved;
  SeparatorStay stay(stand.residency, policy(SeparatorPark::always), stand.separator, "upload");
  EXPECT_LE(stand.device.usage().reserved, before - 20 * kMiB);
}

TEST(SeparatorPolicy, S21_AllIsBackAfterwardsAlsoAfterAnError) {
  Stand stand(256 * kMiB);
  bring_in_all(stand);
  const auto used = stand.device.usage().used;
  EXPECT_THROW(
      separate(stand, policy(SeparatorPark::always), [] { throw std::runtime_error("bad chunk"); }),
      std::runtime_error);
  EXPECT_EQ(stand.residents(), "decoder vae_decoder text_encoder vae_encoder");
  EXPECT_EQ(stand.device.usage().used, used);
  EXPECT_TRUE(stand.placements[2]->intact());
  EXPECT_TRUE(stand.placements[3]->intact());
}

TEST(SeparatorPolicy, S22_WhatWasParkedBeforeStaysParked) {
  Stand stand(256 * kMiB);
  bring_in_all(stand);
  ASSERT_TRUE(stand.residency.park(stand.encoder));
  separate(stand, policy(SeparatorPark::always));
  EXPECT_EQ(stand.residents(), "decoder vae_decoder text_encoder");
}

TEST(SeparatorPolicy, S23_AFailedRestoreIsRaisedUnlessAnErrorIsUnderWay) {
  Stand stand(256 * kMiB);
  bring_in_all(stand);
  const auto broken = [] { throw Error(ErrorKind::checkpoint, "the file is gone"); };
  stand.placements[2]->fail_with = broken;
  try {
    separate(stand, policy(SeparatorPark::always));
    FAIL() << "the restore failed";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "the file is gone");
  }
  EXPECT_EQ(stand.residents(), "decoder vae_decoder vae_encoder") << "the others are restored";
  stand.placements[2]->fail_with = nullptr;
  ASSERT_TRUE(stand.admit({&stand.text}, 0, "session"));

  stand.placements[2]->fail_with = broken;
  EXPECT_THROW(
      separate(stand, policy(SeparatorPark::always), [] { throw std::runtime_error("bad chunk"); }),
      std::runtime_error)
      << "the error from inside comes first";
}

TEST(SeparatorPolicy, S24_ANestedStayMovesNothing) {
  Stand stand(256 * kMiB);
  bring_in_all(stand);
  SeparatorStay outer(stand.residency, policy(SeparatorPark::always), stand.separator, "upload");
  const auto parked = stand.telemetry.counts()["parked"];
  {
    SeparatorStay inner(stand.residency, policy(SeparatorPark::always), stand.separator, "upload");
    EXPECT_EQ(stand.telemetry.counts()["parked"], parked);
    inner.end();
  }
  EXPECT_EQ(stand.residents(), "decoder vae_decoder");
  EXPECT_TRUE(stand.residency.exclusive()) << "the outer stay goes on";
  outer.end();
  EXPECT_EQ(stand.residents(), "decoder vae_decoder text_encoder vae_encoder");
}

TEST(SeparatorPolicy, S25_APromptIsServedBetweenTwoChunksByParkingTheSeparator) {
  Stand stand(256 * kMiB);
  bring_in_all(stand);
  int prompts = 0;
  separate(stand, policy(SeparatorPark::always), [&] {
    const auto grant = stand.admit({&stand.text}, 2, "session");
    ASSERT_TRUE(grant);
    EXPECT_TRUE(stand.placements[2]->intact()) << "never on parked weights";
    EXPECT_FALSE(stand.separator.resident());
    ++prompts;
  });
  EXPECT_EQ(prompts, 2);
  expect_never_together(stand);
}

TEST(SeparatorPolicy, S26_AlwaysIsTheDefaultAndParksWhateverIsFree) {
  for (const char* text : {"", "always", "ALWAYS", "sometimes"})
    EXPECT_EQ(parse_separator_park(text), SeparatorPark::always) << text;
  EXPECT_EQ(SeparatorPolicy{}.park, SeparatorPark::always);
  EXPECT_TRUE(should_park({}, ~0ULL));
}

TEST(SeparatorPolicy, S27_AutoParksBelowTheReserve) {
  EXPECT_EQ(parse_separator_park("Auto"), SeparatorPark::automatic);
  EXPECT_DOUBLE_EQ(parse_separator_reserve("2.5"), 2.5);
  EXPECT_DOUBLE_EQ(parse_separator_reserve("-1"), 0.0);
  for (const char* text : {"", "six", "6 GB", "nan", "1e999"})
    EXPECT_DOUBLE_EQ(parse_separator_reserve(text), 6.0) << text;

  Stand stand(256 * kMiB);
  bring_in_all(stand);  // 216 MiB are left
  separate(stand, policy(SeparatorPark::automatic, 210 * kMiB),
           [&] { EXPECT_TRUE(stand.text.resident()); });
  EXPECT_EQ(stand.phases(), (Phases{"before", "loaded", "separated", "released"}));
  separate(stand, policy(SeparatorPark::automatic, 230 * kMiB),
           [&] { EXPECT_FALSE(stand.text.resident()); });
}

TEST(SeparatorPolicy, S27_SlackOfThePoolCanBeClaimed) {
  Stand stand(256 * kMiB);
  {
    const DeviceScope scope(stand.device, "slack");
    (void)at::empty({100 << 20}, at::kByte);
  }
  EXPECT_GE(stand.device.usage().idle(), 100 * kMiB);
  EXPECT_FALSE(should_park(policy(SeparatorPark::automatic, 250 * kMiB),
                           claimable_bytes(stand.device.usage())));
  ASSERT_TRUE(stand.device.tenant_takes(20 * kMiB));
  EXPECT_TRUE(should_park(policy(SeparatorPark::automatic, 250 * kMiB),
                          claimable_bytes(stand.device.usage())));
}

TEST(SeparatorPolicy, S28_NeverMovesNobody) {
  EXPECT_EQ(parse_separator_park("never"), SeparatorPark::never);
  Stand stand(256 * kMiB);
  bring_in_all(stand);
  separate(stand, policy(SeparatorPark::never), [&] {
    EXPECT_EQ(stand.residents(), "decoder vae_decoder text_encoder vae_encoder separator");
  });
  EXPECT_EQ(stand.text.restores(), 1U);
}

TEST(SeparatorPolicy, S29_SixPhasesInOrderWithTheDevicesOwnNumbers) {
  Stand stand(256 * kMiB);
  bring_in_all(stand);
  separate(stand, policy(SeparatorPark::always));
  EXPECT_EQ(stand.phases(),
            (Phases{"before", "parked", "loaded", "separated", "released", "restored"}));
  const std::vector<std::uint64_t> used{40, 20, 32, 32, 20, 40};
  size_t i = 0;
  for (const auto& event : stand.telemetry.recent()) {
    if (event.what != "stems_vram") continue;
    EXPECT_EQ(event.used, used[i] * kMiB) << event.purpose;
    EXPECT_EQ(event.owner, "upload");
    ++i;
  }
}

TEST(SeparatorPolicy, S29_ACycleThatFailsIsClosedInTheLog) {
  Stand stand(256 * kMiB);
  bring_in_all(stand);
  EXPECT_THROW(separate(stand, policy(SeparatorPark::always), [] { throw std::bad_alloc(); }),
               std::bad_alloc);
  EXPECT_EQ(stand.phases(), (Phases{"before", "parked", "loaded", "released", "restored"}));
}

TEST(SeparatorPolicy, S30_TheSeparatorLeavesBeforeTheOthersReturn) {
  Stand stand(256 * kMiB);
  bring_in_all(stand);
  separate(stand, policy(SeparatorPark::always));
  std::uint64_t separator_left = 0;
  std::uint64_t text_returned = 0;
  const auto events = stand.telemetry.recent();
  for (size_t i = 0; i < events.size(); ++i) {
    if (events[i].what == "parked" && events[i].name == "separator") separator_left = i;
    if (events[i].what == "restored" && events[i].name == "text_encoder") text_returned = i;
  }
  EXPECT_LT(separator_left, text_returned);
}

TEST(SeparatorPolicy, S36_WhatOnlyTheUploadBroughtStaysAway) {
  for (const bool fails : {false, true}) {
    Stand stand(256 * kMiB);
    ASSERT_TRUE(stand.admit({&stand.decoder, &stand.vae}, 0, "session"));
    const auto baseline = stand.device.usage().used;
    ASSERT_TRUE(stand.admit({&stand.encoder}, 8, "upload"));
    const auto rip = [&] {
      separate(stand, policy(SeparatorPark::always), [&] {
        if (fails) throw std::runtime_error("bad chunk");
      });
    };
    if (fails) {
      EXPECT_THROW(rip(), std::runtime_error);
    } else {
      rip();
    }
    stand.residency.retire("upload");
    EXPECT_EQ(stand.device.usage().used, baseline);
    EXPECT_EQ(stand.encoder.restores(), 1U) << "nothing restores it until the next upload";
  }
}

}  // namespace
}  // namespace headroom::memory
