#include "memory/residency.h"

#include <thread>

#include <gtest/gtest.h>

#include "base/json.h"
#include "memory/stand.h"

namespace headroom::memory {
namespace {

TEST(Residency, RestoresOnceAndParksTheLeastRecentlyUsed) {
  Stand stand(48 * kMiB);
  ASSERT_TRUE(stand.admit({&stand.decoder}));
  ASSERT_TRUE(stand.admit({&stand.text}));
  ASSERT_TRUE(stand.admit({&stand.encoder}));
  ASSERT_TRUE(stand.admit({&stand.text}));
  EXPECT_EQ(stand.text.restores(), 1U) << "it was there already";
  EXPECT_EQ(stand.residents(), "decoder text_encoder vae_encoder");
  ASSERT_TRUE(stand.admit({&stand.separator}, 8));
  EXPECT_EQ(stand.residents(), "decoder text_encoder separator") << "vae_encoder was used before";
  ASSERT_TRUE(stand.admit({&stand.separator}, 20));
  EXPECT_EQ(stand.residents(), "decoder separator") << "what plays leaves last";
  EXPECT_TRUE(stand.placements[4]->intact());
  EXPECT_EQ(stand.check(), "");
}

TEST(Residency, WhatIsInUseStays) {
  Stand stand(40 * kMiB);
  auto held = stand.admit({&stand.decoder});
  ASSERT_TRUE(held);
  EXPECT_EQ(stand.decoder.state(), ComponentState::in_use);
  EXPECT_FALSE(stand.residency.park(stand.decoder));
  ASSERT_TRUE(stand.admit({&stand.text}, 4));
  const auto refused = stand.admit({&stand.separator}, 20);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().asked, 32 * kMiB);
  EXPECT_EQ(stand.residents(), "decoder text_encoder") << "nobody leaves in vain";
  std::move(held).value().reset();
  EXPECT_EQ(stand.decoder.state(), ComponentState::resident);
  EXPECT_TRUE(stand.admit({&stand.separator}, 20));
  EXPECT_EQ(stand.check(), "");
}

TEST(Residency, ARefusalSaysWhatIsMissingAndWhatWouldDo) {
  Stand stand(40 * kMiB);
  const auto refused = stand.admit({&stand.decoder}, 30);
  ASSERT_FALSE(refused);
  const auto& shortfall = refused.error();
  EXPECT_EQ(shortfall.missing(), 6 * kMiB);
  EXPECT_EQ(shortfall.budget + shortfall.missing(), 46 * kMiB) << "the budget that would do";
  Stand larger(46 * kMiB);
  EXPECT_TRUE(larger.admit({&larger.decoder}, 30));
}

TEST(Residency, WorkspaceIsOneLeaseAndFloorsHoldIt) {
  Stand stand;
  auto floor = stand.residency.hold_workspace(10 * kMiB, "session");
  ASSERT_TRUE(floor);
  auto other = stand.residency.hold_workspace(6 * kMiB, "other session");
  ASSERT_TRUE(other);
  EXPECT_EQ(stand.ledger.leased(), 10 * kMiB) << "steps run one at a time";
  {
    const auto grant = stand.admit({&stand.vae}, 14);
    ASSERT_TRUE(grant);
    EXPECT_EQ(stand.ledger.leased(), 18 * kMiB);
  }
  EXPECT_EQ(stand.ledger.leased(), 14 * kMiB);
  std::jthread([&] { std::move(floor).value().reset(); }).join();
  EXPECT_EQ(stand.ledger.leased(), 10 * kMiB);
  std::move(other).value().reset();
  EXPECT_EQ(stand.ledger.leased(), 4 * kMiB);
}

TEST(Residency, AShrinkingCardIsAnsweredByParking) {
  Stand stand(64 * kMiB, {.leave_free = 4 * kMiB}, /*card=*/72 * kMiB);
  ASSERT_TRUE(stand.admit({&stand.decoder}));
  ASSERT_TRUE(stand.admit({&stand.text}));
  ASSERT_TRUE(stand.admit({&stand.separator}));
  EXPECT_EQ(stand.ledger.budget(), 64 * kMiB);
  ASSERT_TRUE(stand.device.tenant_takes(20 * kMiB));
  EXPECT_TRUE(stand.residency.follow_device());
  EXPECT_EQ(stand.ledger.budget(), 48 * kMiB) << "72 less 20 less 4 kept free";
  EXPECT_EQ(stand.residents(), "decoder text_encoder separator");
  ASSERT_TRUE(stand.device.tenant_takes(10 * kMiB));
  EXPECT_TRUE(stand.residency.follow_device());
  EXPECT_EQ(stand.residents(), "decoder separator");
  EXPECT_LE(stand.device.usage().used, 38 * kMiB);
  EXPECT_LE(stand.device.usage().reserved, 42 * kMiB) << "what the card has left; pages are 20 MiB";
  EXPECT_EQ(stand.telemetry.counts().at("budget"), 2U);
  stand.device.tenant_returns(30 * kMiB);
  EXPECT_TRUE(stand.residency.follow_device());
  EXPECT_TRUE(stand.admit({&stand.decoder}));
  EXPECT_EQ(stand.check(), "");
}

TEST(Residency, ACardThatIsTooSmallRefusesUntilItGrows) {
  Stand stand(64 * kMiB, {}, 64 * kMiB);
  auto held = stand.admit({&stand.decoder}, 20);
  ASSERT_TRUE(held);
  ASSERT_TRUE(stand.device.tenant_takes(40 * kMiB));
  EXPECT_FALSE(stand.residency.follow_device()) << "what is in use cannot leave";
  EXPECT_EQ(stand.decoder.state(), ComponentState::in_use);
  EXPECT_FALSE(stand.admit({&stand.vae}));
  std::move(held).value().reset();
  stand.device.tenant_returns(40 * kMiB);
  EXPECT_TRUE(stand.admit({&stand.vae}));
}

TEST(Residency, RetireParksWhatNobodyElseUsed) {
  Stand stand;
  ASSERT_TRUE(stand.admit({&stand.text}, 0, "session"));
  ASSERT_TRUE(stand.admit({&stand.text, &stand.encoder}, 0, "upload 1"));
  stand.residency.retire("upload 1");
  EXPECT_EQ(stand.residents(), "text_encoder");
  stand.residency.retire("session");
  EXPECT_EQ(stand.residents(), "text_encoder") << "the upload had used it too";
}

TEST(Residency, ALeaseForWhatStaysParksWhatIdles) {
  Stand stand(32 * kMiB);
  ASSERT_TRUE(stand.admit({&stand.decoder}));
  auto lease = stand.residency.lease(
      {.name = "latents", .purpose = Purpose::latents, .bytes = 20 * kMiB, .owner = "session"});
  ASSERT_TRUE(lease);
  EXPECT_EQ(stand.residents(), "");
  auto more = std::move(lease).value();
  EXPECT_FALSE(stand.residency.grow(more, 40 * kMiB));
  EXPECT_EQ(more.bytes(), 20 * kMiB);
  EXPECT_TRUE(stand.residency.grow(more, 32 * kMiB));
}

TEST(Residency, SnapshotNamesEverything) {
  Stand stand;
  const auto grant = stand.admit({&stand.text}, 2);
  ASSERT_TRUE(grant);
  const auto snapshot = stand.residency.snapshot();
  EXPECT_EQ(snapshot["components"].size(), 5U);
  EXPECT_EQ(snapshot["components"][2]["state"], "in use");
  EXPECT_EQ(snapshot["ledger"]["leases"].size(), 2U);
  EXPECT_EQ(snapshot["ledger"]["leased"], 14 * kMiB);
  EXPECT_EQ(snapshot["device"]["used"], 12 * kMiB);
}

}  // namespace
}  // namespace headroom::memory
