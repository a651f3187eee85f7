// Every golden passes, and fails when it is changed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "golden_copy.h"

namespace headroom::verify {
namespace {

constexpr const char* kGoldens[] = {"audio_tokenizer_semantic",
                                    "beat_track",
                                    "condition_encoder",
                                    "condition_encoder_xl",
                                    "dit_forward",
                                    "dit_forward_xl",
                                    "e2e_generate",
                                    "flow_step",
                                    "key_chroma",
                                    "key_cnn",
                                    "mel_bands",
                                    "melband_forward",
                                    "melband_forward_2stem",
                                    "melband_forward_fp16",
                                    "melband_long",
                                    "melband_pipeline",
                                    "oobleck_decode",
                                    "oobleck_encode",
                                    "qwen3_text_encoder",
                                    "resample_48k_44k",
                                    "stem_fit",
                                    "stream_apg",
                                    "stream_channels",
                                    "stream_chunk_plan",
                                    "stream_conditioning",
                                    "stream_curves",
                                    "stream_dcw",
                                    "stream_generate",
                                    "stream_knobs",
                                    "stream_knobs_r2",
                                    "stream_lead_r2",
                                    "stream_lora_delta",
                                    "stream_lora_metadata",
                                    "stream_profiles",
                                    "stream_profiles_r2",
                                    "stream_prompt_blend",
                                    "stream_ring_cadence",
                                    "stream_ring_cadence_r2",
                                    "stream_rng_cpu",
                                    "stream_run_basic",
                                    "stream_run_bf16",
                                    "stream_run_cfg",
                                    "stream_run_cfg_hot",
                                    "stream_run_dcw",
                                    "stream_run_dcw_hot",
                                    "stream_run_depth",
                                    "stream_run_features",
                                    "stream_run_lora",
                                    "stream_run_ode_noise",
                                    "stream_run_ring_r2",
                                    "stream_run_sde_bare",
                                    "stream_run_sde_curve",
                                    "stream_run_shared",
                                    "stream_run_swap",
                                    "stream_runner",
                                    "stream_schedule",
                                    "stream_slerp_r2",
                                    "stream_slice_delta",
                                    "stream_steps",
                                    "stream_tiles",
                                    "stream_vae_window"};

class EveryGolden : public testing::TestWithParam<const char*> {
 protected:
  std::string file() const { return std::string(GetParam()) + ".safetensors"; }
};
INSTANTIATE_TEST_SUITE_P(Verify, EveryGolden, testing::ValuesIn(kGoldens),
                         [](const auto& info) { return std::string(info.param); });

void expect_passed(const FileReport& report) {
  double share = 0.0;
  for (const auto& tensor : report.tensors) {
    const bool fine = tensor.status == Status::passed || tensor.status == Status::skipped;
    EXPECT_TRUE(fine) << report.file << ": " << tensor.name << " " << to_string(tensor.status)
                      << ", largest error " << tensor.largest_error << ", allowed "
                      << tensor.allowed << ", " << tensor.mismatches << " of " << tensor.elements
                      << " over; " << tensor.detail;
    share = std::max(share, tensor.share);
  }
  testing::Test::RecordProperty("largest_share_of_tolerance", fmt::format("{:.3g}", share));
  EXPECT_TRUE(report.passed) << to_text(report);
}

TEST_P(EveryGolden, Passes) { expect_passed(verify_file(golden_path(file()))); }

TEST(VerifyBpe, Passes) { expect_passed(verify_file(golden_path("bpe_expected.json"))); }

// Outputs of which nothing is compared: a placeholder, a value that must be refused, and results
// that the reference drew from its shared generator.
bool says_nothing(const std::string& file, const std::string& name) {
  const bool shared_noise =
      (file.starts_with("stream_run_sde_") || file.starts_with("stream_run_ode_noise")) &&
      name.starts_with("out.batch.r");
  return name == "out.n" || name.starts_with("out.shift0_") || shared_noise;
}

TEST_P(EveryGolden, FailsInEveryOutputThatIsChanged) {
  GoldenCopy copy(file());
  std::vector<std::string> changed;
  for (const auto& [name, tensor] : copy.tensors) {
    if (!name.starts_with("out.") || tensor.numel() == 0 || says_nothing(file(), name)) continue;
    // Far over any tolerance, small beside the values themselves.
    copy.change(name, 1.0 + 0.05 * tensor.to(at::kDouble).abs().max().item<double>());
    changed.push_back(name);
  }
  if (changed.empty()) return;  // its expectations stand in the config: VerifyTiles
  const auto report = copy.verify();
  EXPECT_FALSE(report.passed);
  for (const auto& name : changed) {
    const auto tensor = report_of(report, name);
    if (tensor.status == Status::skipped) continue;
    EXPECT_EQ(tensor.status, Status::failed) << name << " did not notice; " << tensor.detail;
    EXPECT_GE(tensor.mismatches, 1) << name;
  }
}

class EveryNetworkGolden : public EveryGolden {};
INSTANTIATE_TEST_SUITE_P(Verify, EveryNetworkGolden,
                         testing::Values("audio_tokenizer_semantic", "condition_encoder",
                                         "condition_encoder_xl", "dit_forward", "dit_forward_xl",
                                         "e2e_generate", "key_cnn", "melband_forward",
                                         "melband_forward_2stem", "melband_forward_fp16",
                                         "melband_long", "melband_pipeline", "oobleck_decode",
                                         "oobleck_encode", "qwen3_text_encoder"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(EveryNetworkGolden, FailsWithChangedWeights) {
  const GoldenCopy original(file());
  std::vector<std::string> weights;
  for (const auto& [name, tensor] : original.tensors) {
    const bool weight =
        !name.starts_with("in.") && !name.starts_with("mid.") && !name.starts_with("out.");
    const bool direct = name.ends_with("weight") || name.ends_with("weight_v");
    if (weight && direct && tensor.is_floating_point() &&
        name.find("special_token") == std::string::npos) {
      weights.push_back(name);
    }
  }
  ASSERT_FALSE(weights.empty());
  for (const auto at : {size_t{0}, weights.size() / 2, weights.size() - 1}) {
    auto copy = original;
    copy.tensors[weights[at]].mul_(-1.5).add_(0.25);
    EXPECT_FALSE(copy.verify().passed) << weights[at];
  }
}

TEST_P(EveryGolden, FailsWithOutputThatNobodyComputes) {
  GoldenCopy copy(file());
  copy.tensors["out.of_another_build"] = at::ones({2});
  const auto report = copy.verify();
  EXPECT_FALSE(report.passed);
  EXPECT_EQ(report_of(report, "out.of_another_build").status, Status::not_computed);
}

TEST(VerifyTiles, FailWithAnotherPlan) {
  GoldenCopy copy("stream_tiles.safetensors");
  auto config = nlohmann::json::parse(copy.metadata.at("config"));
  config["rows"][1]["tiles"][0][1] = 1 + config["rows"][1]["tiles"][0][1].get<int>();
  copy.metadata["config"] = config.dump();
  EXPECT_FALSE(copy.verify().passed);
}

TEST(VerifyBpe, FailsWithOneOtherId) {
  const TempFolder folder;
  std::ifstream stream(golden_path("bpe_expected.json"));
  auto json = nlohmann::json::parse(stream);
  json["cases"][8]["ids"][0] = 1 + json["cases"][8]["ids"][0].get<int>();
  folder.write("bpe_expected.json", json.dump());
  std::filesystem::copy_file(golden_path("bpe_tokenizer.json"), folder / "bpe_tokenizer.json");
  const auto report = verify_file(folder / "bpe_expected.json");
  EXPECT_FALSE(report.passed);
  EXPECT_EQ(report_of(report, "ids").mismatches, 1);
  EXPECT_EQ(report_of(report, "ids_with_special").status, Status::passed);
}

}  // namespace
}  // namespace headroom::verify
