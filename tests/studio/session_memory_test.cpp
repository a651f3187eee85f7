// A session's memory on a budgeted device, with the smallest model: rows of the specification
// "Server behaviour", section 9, and what plans promise.
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "expect_error.h"
#include "studio/loras.h"
#include "studio/small_session.h"

namespace headroom::studio {
namespace {

using memory::FaultPlan;
using memory::Priority;

std::uint64_t leased_peak(Studio& studio, const std::string& step) {
  std::uint64_t peak = 0;
  for (const auto& event : studio.telemetry().recent()) {
    if (event.purpose == "workspace" && event.name == step) peak = std::max(peak, event.bytes);
  }
  return peak;
}

TEST(SessionMemory, S01_ALongSourceIsEncodedInOneChunksWorkspace) {
  // Holds the encoder's smallest chunk, not the largest, and far from the 240 s.
  const auto configs = SmallModel::shared().configs();
  const auto small = vae_encode_footprint(configs.vae, 75, 4);
  const auto need = weight_sizes(configs, Precision::fp32).vae_encoder + small + 2 * kMiB;
  Studio studio(SmallModel::shared().open(), small_settings(need + memory::pool_slack(2 * need)));
  EncodeTask task(
      studio.networks(),
      {.name = "encode", .owner = "t", .priority = Priority::interactive, .deadline = {}},
      test_audio(240.0), 1);
  ASSERT_NO_THROW(studio.executor().run(task));
  EXPECT_EQ(task.latents().size(1), 6000);
  EXPECT_LE(leased_peak(studio, "workspace"), small + 2 * kMiB);
  EXPECT_EQ(check_books(studio), "");
}

TEST(SessionMemory, S02_ChunksMakeNoDifferenceAndTheNoiseNeverDependsOnThem) {
  const auto audio = test_audio(26.3);
  const auto encode = [&](std::uint64_t budget) {
    Studio studio(SmallModel::shared().open(), small_settings(budget));
    EncodeTask task(
        studio.networks(),
        {.name = "encode", .owner = "t", .priority = Priority::interactive, .deadline = {}}, audio,
        7);
    studio.executor().run(task);
    return std::pair(task.moments(), task.latents());
  };
  const auto configs = SmallModel::shared().configs();
  const auto weights = weight_sizes(configs, Precision::fp32).vae_encoder;
  const auto need = weights + vae_encode_footprint(configs.vae, 150, 4) + 4 * kMiB;
  const auto tight = need + memory::pool_slack(2 * need);
  const auto [small, small_latents] = encode(tight);
  const auto [large, large_latents] = encode(1024 * kMiB);
  EXPECT_TRUE(at::allclose(small, large, 1e-4, 1e-5)) << (small - large).abs().max();
  EXPECT_TRUE(at::allclose(small_latents, large_latents, 1e-4, 1e-4));
}

TEST(SessionMemory, S03_S04_AChangeOfDurationNeverReloadsTheVae) {
  Studio studio(SmallModel::shared().open(), small_settings(768 * kMiB));
  SmallSession session(studio);
  session.open(test_audio(6.0), "drums");
  faults(studio).arm({.mode = FaultPlan::Mode::once, .n = 1, .bytes = 0, .purpose = "vae_encoder"});
  const auto workspace = encode_step(studio.networks(), 60 * 25).choices[0].workspace;
  for (const double seconds : {24.0, 6.0, 24.0}) {
    session.swap(test_audio(seconds));
    (void)session.tick();
    (void)session.window();
  }
  EXPECT_EQ(faults(studio).failures(), 0U) << "the encoder is not loaded in a swap";
  faults(studio).disarm();
  EXPECT_EQ(studio.networks().vae_encoder.component->restores(), 1U);
  EXPECT_EQ(studio.networks().vae_decoder.component->restores(), 1U);
  EXPECT_EQ(encode_step(studio.networks(), 240 * 25).choices[0].workspace, workspace)
      << "the same workspace for 60 s and 240 s";
}

TEST(SessionMemory, S05_S14_APlanIsTheSmallestClassThatHoldsTheSource) {
  EXPECT_EQ(duration_class(3.0), 60);
  EXPECT_EQ(duration_class(60.0), 60);
  EXPECT_EQ(duration_class(60.1), 120);
  EXPECT_EQ(duration_class(240.0), 240);
  EXPECT_ERROR((void)duration_class(240.5), ErrorKind::usage, "longest plan");
  // A session that plays a window of a long source plans for the window alone; and where only the
  // largest plan is wanted, everything still works.
  Studio studio(SmallModel::shared().open(), small_settings(768 * kMiB));
  EXPECT_LT(session_plan(studio.networks(), 1500, 100).buffers,
            session_plan(studio.networks(), 6000, 100).buffers);
  SmallSession session(studio);
  session.open(test_audio(5.0), "drums");
  session.stream().lay_out(6000, 100);
  EXPECT_NO_THROW((void)session.tick());
  EXPECT_NO_THROW(session.upload(test_audio(2.0), "upload"));
}

TEST(SessionMemory, S06_TooLittleForTheDecoderIsSaidAtLoadTime) {
  Studio studio(SmallModel::shared().open(), small_settings(768 * kMiB));
  SmallSession session(studio);
  session.open(test_audio(1.0), "drums");
  studio.executor().between_steps([](memory::Residency& r) { r.park_idle(); });
  faults(studio).arm({.mode = FaultPlan::Mode::once, .n = 1, .bytes = 0, .purpose = "dit"});
  EXPECT_NO_THROW((void)session.tick()) << "one retry";
  EXPECT_EQ(studio.telemetry().count("oom", "dit"), 1U);
  studio.executor().between_steps([](memory::Residency& r) { r.park_idle(); });
  faults(studio).arm({.mode = FaultPlan::Mode::from, .n = 1, .bytes = 0, .purpose = "dit"});
  EXPECT_THROW((void)session.tick(), memory::OutOfDeviceMemory);
  EXPECT_EQ(studio.telemetry().count("oom", "dit"), 3U) << "twice, and no further";
  faults(studio).disarm();
  EXPECT_NO_THROW((void)session.tick());
}

diffusion::Lora small_lora(const diffusion::LoraShapes& shapes) {
  diffusion::Lora lora;
  std::uint64_t seed = 5;
  for (const char* name : {"layers.0.self_attn.q_proj.weight", "layers.1.mlp.up_proj.weight",
                           "layers.2.cross_attn.o_proj.weight", "layers.3.mlp.down_proj.weight",
                           "layers.3.self_attn.v_proj.weight"}) {
    const auto& shape = shapes.at(name);
    lora.deltas.push_back({name, diffusion::NoiseGenerator(++seed).normal({4, shape[1]}),
                           diffusion::NoiseGenerator(++seed).normal({shape[0], 4}).mul_(0.1), 0.5});
  }
  return lora;
}

TEST(SessionMemory, S07_S08_ALoraTakesNoDeviceMemoryAndSurvivesParking) {
  const auto model = SmallModel::shared().open();
  Studio studio(model, small_settings(768 * kMiB));
  auto& loras = studio.loras();
  SmallSession session(studio);
  session.open(test_audio(1.0), "drums");
  const auto plain = session.tick();
  const auto used = studio.device().usage().used;
  const auto info = session.info("lora");

  const auto merge = [&] {
    auto ticket = studio.executor().submit(loras.merge_task(info));
    studio.executor().drain();
    ticket.done.get();
  };
  ASSERT_TRUE(loras.stack().enable("a", 0, small_lora(loras.shapes()), 0.3));
  merge();
  EXPECT_EQ(loras.stack().waiting(), 0U);
  EXPECT_EQ(studio.device().usage().used, used) << "S8: a merged weight takes the base's place";

  // S7: a device that refuses once in the merge gets it all the same.
  faults(studio).arm({.mode = FaultPlan::Mode::once, .n = 2, .bytes = 0, .purpose = "merge LoRA"});
  ASSERT_TRUE(loras.stack().set_strength("a", 0.8));
  ASSERT_NO_THROW(merge());
  EXPECT_EQ(faults(studio).failures(), 1U);
  faults(studio).disarm();
  EXPECT_EQ(loras.stack().waiting(), 0U);
  const auto changed = session.tick();
  EXPECT_FALSE(changed.equal(plain));

  studio.executor().between_steps([](memory::Residency& r) { r.park_idle(); });
  EXPECT_TRUE(session.tick().equal(changed)) << "merged again on restore, to the same bits";

  // A strength that changes while the network is parked acts when it is back.
  studio.executor().between_steps([](memory::Residency& r) { r.park_idle(); });
  ASSERT_TRUE(loras.stack().set_strength("a", 0.0));
  EXPECT_TRUE(session.tick().equal(plain));
  ASSERT_TRUE(loras.stack().set_strength("a", 0.8));
  merge();
  EXPECT_TRUE(session.tick().equal(changed));
  loras.stack().disable("a");
  merge();
  EXPECT_TRUE(session.tick().equal(plain));
  EXPECT_EQ(check_books(studio), "");
}

TEST(SessionMemory, S13_SwapsAndRipsUnderPressure) {
  const auto plan = small_plan(60.0, 0);
  Studio studio(SmallModel::shared().open(), small_settings(plan.minimum));
  SmallSession session(studio);
  session.open(test_audio(6.0), "drums");
  for (const double seconds : {24.0, 6.0, 24.0}) {
    session.swap(test_audio(seconds));
    const auto task = session.rip(test_audio(2.0, 44100), "upload");
    ASSERT_NO_THROW(studio.executor().run(*task));
    (void)session.tick();
    ASSERT_EQ(check_books(studio), "");
  }
}

TEST(SessionMemory, S31_TheSecondRipReadsNothingFromDiskWhenCached) {
  for (const bool cached : {true, false}) {
    auto settings = small_settings(768 * kMiB);
    settings.separator.keep_in_memory = cached;
    Studio studio(SmallModel::shared().open(), settings);
    SmallSession session(studio);
    const auto rip = [&] { studio.executor().run(*session.rip(test_audio(1.0, 44100), "u")); };
    rip();
    const auto first = studio.networks().separator_bytes_read();
    EXPECT_EQ(first, SmallModel::shared().open().open_separator().bytes());
    rip();
    EXPECT_EQ(studio.networks().separator_bytes_read(), cached ? first : 2 * first);
  }
}

TEST(SessionMemory, S32_AHalfMovedSeparatorIsPulledBackCompletely) {
  Studio studio(SmallModel::shared().open(), small_settings(768 * kMiB));
  SmallSession session(studio);
  const auto rip = [&] { studio.executor().run(*session.rip(test_audio(0.2, 44100), "u")); };
  rip();
  const auto floor = studio.device().usage().used;
  for (std::uint64_t k = 1;; k += 37) {
    faults(studio).arm({.mode = FaultPlan::Mode::from, .n = k, .bytes = 0, .purpose = "separator"});
    bool failed = false;
    try {
      rip();
    } catch (const memory::OutOfDeviceMemory&) {
      failed = true;
    }
    faults(studio).disarm();
    ASSERT_EQ(studio.device().usage().used, floor) << "k = " << k;
    if (!failed) break;
  }
  EXPECT_NO_THROW(rip());
}

TEST(SessionMemory, S35_S36_S39_AnUploadTakesWhatItNeedsAndLeavesTheBaseline) {
  Studio studio(SmallModel::shared().open(), small_settings(768 * kMiB));
  SmallSession session(studio);
  session.open(test_audio(2.0), "drums");
  (void)session.tick();
  studio.executor().between_steps([&](memory::Residency& r) {
    r.park(*studio.networks().vae_encoder.component);
    r.park(*studio.networks().semantics.component);
  });
  const auto baseline = studio.device().usage().used;
  const auto before = studio.networks().text_encoder.component->restores();
  for (int i = 0; i < 3; ++i) {
    session.upload(test_audio(2.0), "upload");
    EXPECT_EQ(studio.device().usage().used, baseline) << "upload " << i;
  }
  EXPECT_LE(studio.networks().text_encoder.component->restores(), before + 3)
      << "only what the separator displaced comes back";
  EXPECT_EQ(check_books(studio), "");
}

TEST(SessionMemory, S37_AnOutOfMemoryInAnUploadIsTriedOnceMore) {
  Studio studio(SmallModel::shared().open(), small_settings(768 * kMiB));
  SmallSession session(studio);
  session.open(test_audio(2.0), "drums");
  const auto audio = test_audio(1.0);
  faults(studio).arm({.mode = FaultPlan::Mode::once, .n = 3, .bytes = 0, .purpose = "encode"});
  EXPECT_NO_THROW((void)session.encode(audio, "upload"));
  EXPECT_EQ(faults(studio).failures(), 1U);
  faults(studio).arm({.mode = FaultPlan::Mode::from, .n = 3, .bytes = 0, .purpose = "encode"});
  EXPECT_THROW((void)session.encode(audio, "upload"), memory::OutOfDeviceMemory);
  faults(studio).disarm();
  EXPECT_NO_THROW((void)session.tick()) << "the session is unharmed";
}

TEST(SessionMemory, ParkedAndRestoredGivesTheSameBits) {
  Studio studio(SmallModel::shared().open(), small_settings(768 * kMiB));
  SmallSession session(studio);
  session.open(test_audio(2.0), "drums");
  const auto tick = session.tick();
  const auto window = session.window();
  const auto states = session.states("bells");
  std::vector<at::Tensor> stems;
  studio.executor().run(*session.rip(test_audio(1.5, 44100), "u", &stems));
  studio.executor().between_steps([](memory::Residency& r) {
    r.park_idle();
    r.trim();
  });
  EXPECT_TRUE(session.tick().equal(tick));
  EXPECT_TRUE(session.window().equal(window));
  EXPECT_TRUE(session.states("bells").equal(states));
  std::vector<at::Tensor> again;
  studio.executor().run(*session.rip(test_audio(1.5, 44100), "u", &again));
  EXPECT_TRUE(at::cat(again, 2).equal(at::cat(stems, 2)));
}

TEST(SessionMemory, WithoutABudgetResultsAreTheSame) {
  const auto model = SmallModel::shared().open();
  Studio studio(model, small_settings(768 * kMiB));
  SmallSession session(studio);
  const auto mixture = test_audio(1.5, 44100);
  std::vector<at::Tensor> stems;
  studio.executor().run(*session.rip(mixture, "u", &stems));
  std::vector<at::Tensor> plain;
  separate(model.load_separator(), mixture, 44100,
           [&](const at::Tensor& block) { plain.push_back(block.clone()); });
  EXPECT_TRUE(at::cat(stems, 2).equal(at::cat(plain, 2))) << "16-bit weights are widened exactly";
}

TEST(SessionMemory, ABudgetBelowTheMinimumIsRefusedBeforeItStarts) {
  for (const double seconds : {60.0, 240.0}) {
    const auto minimum = small_plan(seconds, 0).minimum;
    ASSERT_GT(minimum, 0U);
    EXPECT_TRUE(small_plan(seconds, minimum).fits);
    const auto refused = small_plan(seconds, minimum - kMiB);
    EXPECT_FALSE(refused.fits);
    EXPECT_EQ(refused.minimum, minimum) << "the number that would do";
    EXPECT_FALSE(refused.refusal.empty());
  }
}

TEST(SessionMemory, TheLadderOfIdlenessLeadsToLatentsAlone) {
  auto plan = small_plan(60.0, 512 * kMiB);
  ASSERT_EQ(plan.idle.size(), 3U);
  const auto& live = plan.idle[0];
  const auto& parked = plan.idle[1];
  const auto& trimmed = plan.idle[2];
  EXPECT_EQ(live.copied, 0U) << "what plays is there";
  EXPECT_EQ(live.reserved, live.leased);
  EXPECT_LT(parked.leased, live.leased);
  EXPECT_EQ(parked.reserved, live.reserved) << "the pool keeps what was freed, until it is trimmed";
  EXPECT_GT(parked.copied, 0U);
  EXPECT_EQ(trimmed.leased, parked.leased);
  EXPECT_EQ(trimmed.reserved, trimmed.leased);
  EXPECT_EQ(trimmed.copied, parked.copied);
  EXPECT_FALSE(plan.json()["idle"][1].contains("wake_seconds")) << "no rate, no time";
  plan.copy_rate = 1e6;
  EXPECT_NEAR(plan.json()["idle"][1]["wake_seconds"].get<double>(),
              static_cast<double>(parked.copied) / 1e6, 1e-9);
}

}  // namespace
}  // namespace headroom::studio
