// Recorded runs and tables whose expectations stand in their configs, spoilt one at a time.
#include <functional>

#include <gtest/gtest.h>

#include "golden_copy.h"

namespace headroom::verify {
namespace {

using nlohmann::json;

// The file with its config changed.
FileReport verify_changed(const std::string& file, const std::function<void(json&)>& change) {
  GoldenCopy copy(file + ".safetensors");
  auto config = json::parse(copy.metadata.at("config"));
  change(config);
  copy.metadata["config"] = config.dump();
  return copy.verify();
}

void expect_noticed(const std::string& file, const std::function<void(json&)>& change) {
  EXPECT_TRUE(verify_changed(file, [](json&) {}).passed) << file;
  EXPECT_FALSE(verify_changed(file, change).passed) << file;
}

TEST(VerifyRun, NoticesAnotherEmission) {
  expect_noticed("stream_run_basic", [](json& c) { c["emitted"][2][1] = "r0"; });
  expect_noticed("stream_run_ring_r2", [](json& c) { c["emitted"].erase(1); });
}

TEST(VerifyRun, NoticesOtherEvents) {
  expect_noticed("stream_run_basic", [](json& c) { c["events"].erase(3); });
  expect_noticed("stream_run_depth", [](json& c) {
    for (auto& event : c["events"]) {
      if (event["op"] == "set_depth" && event["tick"] == 11) event["value"] = 4;
    }
  });
  expect_noticed("stream_run_shared", [](json& c) {
    for (auto& event : c["events"]) {
      if (event["op"] == "set_shared_curve" && event["value"] == 0.7) event["value"] = 0.8;
    }
  });
  expect_noticed("stream_run_cfg_hot", [](json& c) {
    for (auto& event : c["events"]) {
      if (event["op"] == "set_shared_curve" && event["value"] == 1.5) event["value"] = 1.6;
    }
  });
  expect_noticed("stream_run_dcw_hot", [](json& c) { c["events"].back()["enabled"] = true; });
  expect_noticed("stream_run_lora", [](json& c) { c["events"].back()["tick"] = 11; });
}

TEST(VerifyRun, NoticesAnotherRevision) {
  expect_noticed("stream_run_ring_r2", [](json& c) { c["revision"] = "r1"; });
  expect_noticed("stream_ring_cadence_r2", [](json& c) { c["revision"] = "r1"; });
  expect_noticed("stream_profiles_r2", [](json& c) { c["revision"] = "r1"; });
}

TEST(VerifyRun, NoticesOtherWeightsAndDraws) {
  for (const auto& [file, tensor] : {std::pair{"stream_run_features", "in.dec.x_proj"},
                                     {"stream_run_sde_curve", "in.draw.004"},
                                     {"stream_run_cfg", "in.full.neg0.states"},
                                     {"stream_run_bf16", "in.dec.bias"}}) {
    GoldenCopy copy(std::string(file) + ".safetensors");
    copy.change(tensor, 0.5);
    EXPECT_FALSE(copy.verify().passed) << file << ": " << tensor;
  }
}

TEST(VerifyRun, RefusesWhatItDoesNotKnow) {
  EXPECT_ANY_THROW(
      verify_changed("stream_run_basic", [](json& c) { c["events"][0]["op"] = "dance"; }));
  EXPECT_ANY_THROW(verify_changed("stream_run_cfg",
                                  [](json& c) { c["requests"]["init"]["rcfg_mode"] = "half"; }));
  EXPECT_ANY_THROW(verify_changed("stream_run_sde_bare", [](json& c) { c["draws"].erase(2); }));
}

TEST(VerifyTables, NoticeEveryOtherExpectation) {
  expect_noticed("stream_knobs", [](json& c) { c["banks"]["ode"]["Core"]["shift"][2] = 7.0; });
  expect_noticed("stream_knobs_r2", [](json& c) { c["catalog"]["sde"].erase("sde_amp"); });
  expect_noticed("stream_knobs_r2", [](json& c) { c["coerce"][0][2] = 2; });
  expect_noticed("stream_lora_metadata",
                 [](json& c) { c["cases"][0][3]["recommended_steps"] = 9; });
  expect_noticed("stream_profiles", [](json& c) { c["cases"][17][4] = json::object(); });
  expect_noticed("stream_profiles", [](json& c) { c["swap_sequence"][1]["actions"].erase(0); });
  expect_noticed("stream_lead_r2", [](json& c) {
    auto& used = c["sequences"][2]["rows"][5][1];
    used = used.get<double>() + 1e-6;
  });
  expect_noticed("stream_lead_r2", [](json& c) { c["segments"][3][4] = 51; });
  expect_noticed("stream_lead_r2", [](json& c) { c["playhead"][4][3] = 1; });
  expect_noticed("stream_slice_delta", [](json& c) { c["sequence"][4][2][2] = 51; });
  expect_noticed("stream_ring_cadence", [](json& c) { c["flush"][4]["returned"] = 2; });
  expect_noticed("stream_channels", [](json& c) { c["gain_returned"][3] = true; });
  expect_noticed("stream_conditioning", [](json& c) { c["strength_selection"][1][1] = "blend"; });
  expect_noticed("stream_curves", [](json& c) { c["spec_returns_value"][8] = true; });
  expect_noticed("stream_dcw", [](json& c) { c["cases"][0]["active"] = false; });
  expect_noticed("stream_generate", [](json& c) { c["streaming_node"]["emitted_at"][0] = 3; });
}

TEST(VerifyRunner, NoticesEveryTable) {
  const auto number = [](json& cell) { cell = cell.get<double>() + 0.01; };
  const auto scenario = [](json& config, const std::string& name) -> json& {
    for (auto& one : config["scenarios"]) {
      if (one["name"] == name) return one;
    }
    throw std::runtime_error(name);
  };
  const auto noticed = [&](const char* name, const std::function<void(json&)>& change) {
    EXPECT_FALSE(
        verify_changed("stream_runner", [&](json& c) { change(scenario(c, name)); }).passed)
        << name;
  };
  noticed("linear", [&](json& s) { number(s["iterations"][5][1]); });
  noticed("wrap", [&](json& s) { number(s["decodes"][25][0]); });
  noticed("band_long", [](json& s) { s["writes"][5][1] = 1919; });
  noticed("burst", [](json& s) { s["callbacks"][4][1] = 1; });
  noticed("walk", [&](json& s) { number(s["ticks"][6]["context_first"][0]); });
  noticed("idle", [&](json& s) { number(s["iterations"][70][1]); });
  noticed("knobs", [&](json& s) { number(s["ticks"][4]["source_first"][1]); });
  noticed("knobs", [](json& s) { s["shared_curves"][50][2] = nullptr; });
  noticed("knobs", [](json& s) { s["channel_guidance"].erase(1); });
  noticed("lora_gate", [](json& s) { s["lora_strength_calls"].erase(2); });
  noticed("linear", [&](json& s) { number(s["buffer_samples"][9][1]); });
  noticed("linear", [](json& s) { s["num_gens"] = 40; });
  noticed("full_decode", [&](json& s) { number(s["ema"]); });
}

}  // namespace
}  // namespace headroom::verify
