// Files that cannot be used, tolerances, reports, and results that must repeat bit for bit.
#include "verify/verify.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "expect_error.h"
#include "golden_copy.h"
#include "verify/families.h"

namespace headroom::verify {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
const std::string kText = "qwen3_text_encoder.safetensors";
const std::string kHidden = "out.last_hidden_state";

TEST(VerifyFile, RefusesAnUnknownKindAndSaysWhichItKnows) {
  GoldenCopy copy(kText);
  copy.metadata["golden"] = "teapot";
  EXPECT_ERROR(copy.verify(), ErrorKind::input, "unknown kind 'teapot'");
  EXPECT_ERROR(copy.verify(), ErrorKind::input, "qwen3_text_encoder");
  copy.metadata["golden"] = "qwen3_text_encoders";
  EXPECT_ERROR(copy.verify(), ErrorKind::input, "unknown kind");
  copy.metadata.erase("golden");
  EXPECT_ERROR(copy.verify(), ErrorKind::input, "does not say which kind it is");
}

TEST(VerifyFile, TakesAKindWithASuffix) {
  GoldenCopy copy(kText);
  copy.metadata["golden"] = "qwen3_text_encoder_b";
  EXPECT_TRUE(copy.verify().passed);
}

TEST(VerifyFile, RefusesDamagedFiles) {
  const TempFolder folder;
  EXPECT_ERROR(verify_file(folder / "nowhere.safetensors"), ErrorKind::input, "nowhere");
  EXPECT_ERROR(verify_file(folder.write("short.safetensors", "abc")), ErrorKind::input, "short");
  EXPECT_ERROR(verify_file(folder.write("broken.json", "{\"cases\": [")), ErrorKind::input,
               "broken.json");
  EXPECT_ERROR(verify_file(folder.write("other.json", "{}")), ErrorKind::input, "cases");
  EXPECT_ERROR(verify_file(folder.write("lonely.json", "{\"cases\": [{\"text\": \"a\"}]}")),
               ErrorKind::input, "not beside it");
}

TEST(VerifyFile, RefusesMissingInputsWeightsAndConfig) {
  GoldenCopy copy("dit_forward.safetensors");
  auto spoilt = copy;
  spoilt.tensors.erase("in.timestep");
  EXPECT_ERROR(spoilt.verify(), ErrorKind::input, "'in.timestep' is missing");
  spoilt = copy;
  spoilt.tensors.erase("decoder.norm_out.weight");
  EXPECT_ERROR(spoilt.verify(), ErrorKind::input, "'decoder.norm_out.weight' is missing");
  spoilt = copy;
  spoilt.tensors["decoder.norm_out.weight"] = at::ones({3});
  EXPECT_ERROR(spoilt.verify(), ErrorKind::input, "shape [3]");
  spoilt = copy;
  spoilt.tensors["in.context_latents"] = at::ones({3, 5, 16});
  EXPECT_ERROR(spoilt.verify(), ErrorKind::input, "do not fit together");
  spoilt = copy;
  spoilt.metadata["config"] = "{}";
  EXPECT_ERROR(spoilt.verify(), ErrorKind::input, "hidden_size");
  spoilt = copy;
  spoilt.metadata["tolerance"] = "{\"default\": -1}";
  EXPECT_ERROR(spoilt.verify(), ErrorKind::input, "tolerance");
  spoilt.metadata.erase("tolerance");
  EXPECT_ERROR(spoilt.verify(), ErrorKind::input, "states no tolerance");
}

TEST(VerifyFile, FailsOnAnotherShapeAndOnNan) {
  GoldenCopy copy(kText);
  auto spoilt = copy;
  spoilt.tensors[kHidden] = spoilt.tensors[kHidden].narrow(1, 0, 5).contiguous();
  auto report = spoilt.verify();
  EXPECT_FALSE(report.passed);
  EXPECT_NE(report_of(report, kHidden).detail.find("shape"), std::string::npos);
  spoilt = copy;
  spoilt.change(kHidden, kNan);
  report = spoilt.verify();
  EXPECT_FALSE(report.passed);
  EXPECT_EQ(report_of(report, kHidden).status, Status::failed);
  spoilt = copy;
  spoilt.tensors["norm.weight"].fill_(kNan);
  report = spoilt.verify();
  EXPECT_FALSE(report.passed);
  EXPECT_EQ(report_of(report, kHidden).status, Status::failed);
}

TEST(VerifyFile, AFileWithNothingToCompareDoesNotPass) {
  GoldenCopy copy(kText);
  std::erase_if(copy.tensors, [](const auto& entry) {
    return entry.first.starts_with("out.") || entry.first.starts_with("mid.");
  });
  EXPECT_FALSE(copy.verify().passed);
}

TEST(VerifyFile, RowsBehindTheMaskDoNotCount) {
  GoldenCopy copy("condition_encoder.safetensors");
  const auto mask = copy.tensors["out.encoder_attention_mask"];
  ASSERT_TRUE(mask.eq(0).any().item<bool>());
  auto& states = copy.tensors["out.encoder_hidden_states"];
  states += mask.eq(0).unsqueeze(2).to(at::kFloat) * 100.0;
  EXPECT_TRUE(copy.verify().passed);
  states += mask.unsqueeze(2).to(at::kFloat) * 1e-2;
  EXPECT_FALSE(copy.verify().passed);
}

TEST(VerifyFile, SkipsOptionalOutputsOnly) {
  const auto report = verify_file(golden_path("flow_step.safetensors"));
  EXPECT_EQ(report_of(report, "out.dcw_db4_optional").status, Status::skipped);
  GoldenCopy copy("flow_step.safetensors");
  auto tolerance = nlohmann::json::parse(copy.metadata.at("tolerance"));
  tolerance.erase("optional");
  copy.metadata["tolerance"] = tolerance.dump();
  EXPECT_FALSE(copy.verify().passed);
}

TEST(Compare, FollowsItsRule) {
  const auto expected = at::tensor({10.0, 0.0, -1.0}, at::kDouble);
  const auto result = at::tensor({10.0, 0.5, -1.0}, at::kDouble);
  const auto status = [&](const Rule& rule) { return compare("x", result, expected, rule).status; };
  EXPECT_EQ(status(kExact), Status::failed);
  EXPECT_EQ(status({.absolute = 0.05, .by_largest = true}), Status::passed);
  EXPECT_EQ(status({.absolute = 0.049, .by_largest = true}), Status::failed);
  EXPECT_EQ(status({.absolute = 0.5}), Status::passed);
  EXPECT_EQ(status({.absolute = 0.4, .relative = 1.0}), Status::failed);
  const auto report = compare("x", result, expected, {.absolute = 0.25});
  EXPECT_EQ(report.mismatches, 1);
  EXPECT_DOUBLE_EQ(report.largest_error, 0.5);
  EXPECT_DOUBLE_EQ(report.share, 2.0);
  EXPECT_EQ(compare("x", expected, expected, kExact).status, Status::passed);
}

TEST(Report, NamesEveryTensorInTextAndJson) {
  FileReport report{.file = "a.safetensors", .kind = "resample"};
  report.tensors.push_back({.name = "out.y", .status = Status::failed, .largest_error = kNan});
  const auto text = to_text(report);
  EXPECT_NE(text.find("a.safetensors (resample): FAILED"), std::string::npos) << text;
  EXPECT_NE(text.find("out.y"), std::string::npos) << text;
  const auto json = to_json(report);
  EXPECT_EQ(json["passed"], false);
  EXPECT_EQ(json["tensors"][0]["name"], "out.y");
  EXPECT_EQ(json["tensors"][0]["status"], "failed");
  EXPECT_TRUE(json["tensors"][0]["largest_error"].is_null());
}

struct Network {
  const char* file;
  Verification run;
};

class EveryNetwork : public testing::TestWithParam<Network> {};
INSTANTIATE_TEST_SUITE_P(Verify, EveryNetwork,
                         testing::Values(Network{"oobleck_encode", verify_oobleck_encode},
                                         Network{"oobleck_decode", verify_oobleck_decode},
                                         Network{"dit_forward", verify_dit_forward},
                                         Network{"condition_encoder", verify_condition_encoder},
                                         Network{"audio_tokenizer_semantic",
                                                 verify_semantic_tokenizer},
                                         Network{"qwen3_text_encoder", verify_text_encoder},
                                         Network{"melband_long", verify_melband_long},
                                         Network{"key_cnn", verify_key_cnn},
                                         Network{"e2e_generate", verify_e2e_generate}),
                         [](const auto& info) { return std::string(info.param.file); });

TEST_P(EveryNetwork, GivesTheSameBitsTwice) {
  auto golden = Golden::open(golden_path(std::string(GetParam().file) + ".safetensors"));
  Results first;
  Results second;
  GetParam().run(golden, first);
  GetParam().run(golden, second);
  ASSERT_EQ(first.tensors.size(), second.tensors.size());
  ASSERT_FALSE(first.tensors.empty());
  for (const auto& [name, entry] : first.tensors)
    EXPECT_TRUE(entry.value.equal(second.tensors.at(name).value)) << name;
}

}  // namespace
}  // namespace headroom::verify
