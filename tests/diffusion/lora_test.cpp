// LoRA files of every convention, merging while playing, and the catalogue.
#include <cmath>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "diffusion/dit_denoiser.h"
#include "diffusion/generate.h"
#include "diffusion/lora_catalogue.h"
#include "diffusion/lora_stack.h"
#include "diffusion/lora_targets.h"
#include "studio/model_maker.h"
#include "studio/random_weights.h"
#include "temp_folder.h"
#include "tensor/safetensors.h"
#include "toy_field.h"

namespace headroom::diffusion {
namespace {

const std::string kModule = "layers.0.self_attn.q_proj";
const LoraShapes kShapes{{kModule + ".weight", {8, 6}}, {"layers.0.mlp.up_proj.weight", {10, 6}}};

at::Tensor factor(std::uint64_t seed, at::IntArrayRef shape) { return draw(seed, shape) * 0.3; }

std::map<std::string, at::Tensor> pair(const std::string& down, const std::string& up) {
  return {{down, factor(1, {2, 6})}, {up, factor(2, {8, 2})}};
}

at::Tensor product() { return at::matmul(factor(2, {8, 2}), factor(1, {2, 6})); }

void expect_delta(const std::map<std::string, at::Tensor>& tensors, double gamma,
                  const LoraReading& reading = {}) {
  const auto lora = read_lora(tensors, kShapes, reading);
  ASSERT_TRUE(lora) << lora.error().reason;
  ASSERT_EQ(lora.value().deltas.size(), 1U);
  EXPECT_EQ(lora.value().deltas[0].target, kModule + ".weight");
  EXPECT_LT((lora.value().deltas[0].full() - product() * gamma).abs().max().item<double>(), 1e-6);
}

TEST(Lora, ReadsEveryConvention) {
  for (const char* prefix : {"", "decoder.", "base_model.model.", "base_model.model.decoder.",
                             "diffusion_model.", "diffusion_model.decoder."}) {
    const auto module = prefix + kModule;
    SCOPED_TRACE(module);
    expect_delta(pair(module + ".lora_A.weight", module + ".lora_B.weight"), 1.0);
    expect_delta(pair(module + ".lora_A.default.weight", module + ".lora_B.default.weight"), 1.0);
    expect_delta(pair(module + ".lora_down.weight", module + ".lora_up.weight"), 1.0);
  }
  for (const char* prefix : {"lora_unet_", "lora_unet_decoder_"}) {
    const auto module = std::string(prefix) + "layers_0_self_attn_q_proj";
    SCOPED_TRACE(module);
    expect_delta(pair(module + ".lora_down.weight", module + ".lora_up.weight"), 1.0);
  }
}

TEST(Lora, Fix11aScalesByAlphaOverRank) {
  auto tensors = pair(kModule + ".lora_down.weight", kModule + ".lora_up.weight");
  expect_delta(tensors, 8.0, {.adapter_config = {{"lora_alpha", 16}, {"r", 2}}});
  expect_delta(tensors, 16.0 / std::sqrt(2.0),
               {.adapter_config = {{"lora_alpha", 16}, {"use_rslora", true}}});
  expect_delta(tensors, 3.0,
               {.adapter_config = {{"lora_alpha", 16}, {"alpha_pattern", {{"q_proj", 6}}}}});
  expect_delta(tensors, 1.0, {.adapter_config = {{"lora_alpha", 16}}, .scale_by_alpha = false});
  tensors[kModule + ".alpha"] = at::scalar_tensor(4.0);
  expect_delta(tensors, 2.0, {.adapter_config = {{"lora_alpha", 16}}});
}

TEST(Lora, ReadsKroneckerProducts) {
  const auto module = std::string("lycoris_layers_0_self_attn_q_proj");
  const auto w1 = factor(3, {4, 2});
  const auto a = factor(4, {2, 1});
  const auto b = factor(5, {1, 3});
  const std::map<std::string, at::Tensor> tensors{{module + ".lokr_w1", w1},
                                                  {module + ".lokr_w2_a", a},
                                                  {module + ".lokr_w2_b", b},
                                                  {module + ".alpha", at::scalar_tensor(0.5)}};
  const auto lora = read_lora(tensors, kShapes);
  ASSERT_TRUE(lora) << lora.error().reason;
  const auto expected = at::kron(w1, at::matmul(a, b)) * 0.5;
  EXPECT_LT((lora.value().deltas[0].full() - expected).abs().max().item<double>(), 1e-6);
}

void expect_refused(const std::map<std::string, at::Tensor>& tensors, const std::string& why,
                    const LoraReading& reading = {}) {
  const auto lora = read_lora(tensors, kShapes, reading);
  ASSERT_FALSE(lora) << "must be refused: " << why;
  EXPECT_NE(lora.error().reason.find(why), std::string::npos) << lora.error().reason;
}

TEST(Lora, RefusesWithTheReason) {
  const auto good = pair(kModule + ".lora_A.weight", kModule + ".lora_B.weight");
  const auto with = [&](const std::string& name, const at::Tensor& tensor) {
    auto tensors = good;
    tensors[name] = tensor;
    return tensors;
  };
  expect_refused(with(kModule + ".dora_scale", at::ones({8})), "DoRA");
  expect_refused(with(kModule + ".lora_magnitude_vector.weight", at::ones({8})), "DoRA");
  expect_refused(with(kModule + ".hada_w1_a", at::ones({8, 2})), "LoHa");
  expect_refused(with(kModule + ".lora_mid.weight", at::ones({2, 2})), "Tucker");
  expect_refused(with(kModule + ".diff_b", at::ones({8})), "bias");
  expect_refused(with(kModule + ".bias", at::ones({8})), "no known style");
  expect_refused(with(kModule + ".lora_A.weight", at::full({2, 6}, std::nan(""))), "not a number");
  expect_refused(with(kModule + ".lora_B.weight", at::ones({8, 3})), "do not multiply");
  expect_refused(with(kModule + ".lora_A.weight", at::ones({2, 6, 1})), "linear layers");
  expect_refused({{kModule + ".lora_A.weight", at::ones({2, 6})}}, "one half");
  expect_refused(
      {{"other.lora_A.weight", at::ones({2, 6})}, {"other.lora_B.weight", at::ones({8, 2})}},
      "none of its 1 modules");
  expect_refused({}, "none of its 0 modules");
  expect_refused(good, "use_dora", {.adapter_config = {{"use_dora", true}}});
  expect_refused(good, "fan_in_fan_out", {.adapter_config = {{"fan_in_fan_out", true}}});
}

TEST(Lora, Fix11cNothingUnderstoodIsAnError) {
  expect_refused({{kModule + ".weights_of_mine", at::ones({8, 6})}}, "no known style");
}

TEST(Lora, Fix11dATransposedChangeIsRefused) {
  expect_refused({{kModule + ".lora_A.weight", at::ones({2, 8})},
                  {kModule + ".lora_B.weight", at::ones({6, 2})}},
                 "incompatible base model");
}

// A stack over two plain weights.
class Stacked : public testing::Test {
 protected:
  Stacked() {
    for (const auto& [name, shape] : kShapes) base_[name] = draw(40 + base_.size(), shape);
    weights_ = base_;
  }
  std::map<std::string, LoraTarget> targets() {
    std::map<std::string, LoraTarget> targets;
    for (auto& [name, weight] : weights_)
      targets[name] = {&weight, [this, key = name] { return base_.at(key); }};
    return targets;
  }
  Lora lora(std::uint64_t seed) {
    Lora lora;
    for (const auto& [name, shape] : kShapes)
      lora.deltas.push_back({name, factor(seed, {3, shape[1]}), factor(seed + 1, {shape[0], 3})});
    return lora;
  }
  bool is_base() const {
    for (const auto& [name, weight] : weights_) {
      if (!weight.equal(base_.at(name))) return false;
    }
    return true;
  }

  std::map<std::string, at::Tensor> base_;
  std::map<std::string, at::Tensor> weights_;
};

TEST_F(Stacked, MergesBitwiseTheSameWhateverCameBefore) {
  LoraStack stack(targets());
  NoiseGenerator dice(9);
  for (int i = 0; i < 200; ++i) {
    const auto which = dice.next() % 4;
    const auto id = fmt::format("l{}", which);
    if (dice.next() % 3 == 0) {
      stack.disable(id);
    } else {
      ASSERT_TRUE(stack.enable(id, which, lora(which * 10), dice.uniform() * 2.0 - 0.5));
    }
    if (dice.next() % 3 != 0) (void)stack.merge_some(dice.next() % 2 + 1);
  }
  (void)stack.merge_all();
  auto once_weights = base_;
  std::map<std::string, LoraTarget> fresh;
  for (auto& [name, weight] : once_weights)
    fresh[name] = {&weight, [this, key = name] { return base_.at(key); }};
  LoraStack once(fresh);
  for (std::size_t which = 4; which-- > 0;) {
    const auto id = fmt::format("l{}", which);
    if (!stack.enabled(id)) continue;
    ASSERT_TRUE(once.enable(id, which, lora(which * 10), stack.strength(id)));
  }
  (void)once.merge_all();
  for (const auto& [name, weight] : weights_)
    EXPECT_TRUE(weight.equal(once_weights.at(name))) << name;
}

TEST_F(Stacked, ADroppedAndRestoredNetworkIsMergedBitwiseAgain) {
  LoraStack stack(targets());
  ASSERT_TRUE(stack.enable("a", 0, lora(1), 0.7));
  ASSERT_TRUE(stack.enable("b", 1, lora(5), -0.4));
  (void)stack.merge_all();
  const auto merged = weights_;
  for (auto& [name, weight] : weights_) weight = at::Tensor();
  weights_ = base_;
  stack.rebind(targets());
  EXPECT_GT(stack.waiting(), 0U);
  (void)stack.merge_all();
  for (const auto& [name, weight] : weights_) EXPECT_TRUE(weight.equal(merged.at(name))) << name;
  stack.disable("a");
  stack.disable("b");
  (void)stack.merge_all();
  EXPECT_TRUE(is_base());
  EXPECT_EQ(stack.bytes(), 0U) << "no copies are kept for what nobody changes";
}

TEST_F(Stacked, Fix11bEnablingAgainChangesTheStrength) {
  LoraStack stack(targets());
  ASSERT_TRUE(stack.enable("a", 0, lora(1), 0.5));
  (void)stack.merge_all();
  const auto half = weights_;
  ASSERT_TRUE(stack.enable("a", 0, lora(1), 1.0));
  EXPECT_EQ(stack.merge_all(), 2U);
  EXPECT_FALSE(weights_.begin()->second.equal(half.begin()->second));
  EXPECT_TRUE(stack.set_strength("a", 1.0));
  EXPECT_EQ(stack.waiting(), 0U) << "the same strength merges nothing";
}

TEST_F(Stacked, RefusalsChangeNothing) {
  LoraStack stack(targets());
  EXPECT_FALSE(stack.set_strength("a", 1.0)) << "not enabled";
  EXPECT_FALSE(stack.enable("a", 0, lora(1), std::nan("")));
  auto foreign = lora(1);
  foreign.deltas[0].target = "another.weight";
  EXPECT_FALSE(stack.enable("a", 0, foreign, 1.0));
  EXPECT_EQ(stack.waiting(), 0U);
  ASSERT_TRUE(stack.enable("a", 0, lora(1), 1.0));
  EXPECT_FALSE(stack.set_strength("a", INFINITY));
  EXPECT_DOUBLE_EQ(stack.strength("a"), 1.0);
  (void)stack.merge_all();
  EXPECT_TRUE(stack.set_strength("a", 0.0));
  (void)stack.merge_all();
  EXPECT_TRUE(is_base()) << "at strength 0 the weight is the base";
}

TEST_F(Stacked, MergesWeightByWeight) {
  LoraStack stack(targets());
  ASSERT_TRUE(stack.enable("a", 0, lora(1), 1.0));
  EXPECT_EQ(stack.waiting(), 2U);
  EXPECT_EQ(stack.merge_some(1), 1U);
  EXPECT_EQ(stack.waiting(), 1U);
  EXPECT_EQ(stack.merge_some(5), 1U);
  EXPECT_EQ(stack.merge_some(5), 0U);
}

// In the real network: heard from the tick after its merge by all that is under way, and gone
// without a trace.
TEST(LoraStack, ActsOnTheTransformerWhileItPlays) {
  const auto config =
      models::parse_acestep_config(studio::dit_config_json(studio::ModelSize::tiny), "tiny");
  studio::RandomWeights source(1);
  auto dit = models::bind_dit(Weights(source), config);
  LoraStack stack(lora_targets(dit, source));
  DitDenoiser denoiser(dit);
  const auto c = config.latent_channels;
  const Request request{.conditions = {{draw(1, {1, 7, config.encoder.hidden}), at::ones({1, 7})}},
                        .context = decoder_context(draw(2, {1, 10, c})),
                        .seed = 4};
  const RingSettings settings{.steps = 3};
  const auto plain = generate(request, denoiser, settings);
  Lora lora;
  for (const auto& [name, shape] : stack.shapes())
    lora.deltas.push_back({name, factor(7, {2, shape[1]}), factor(8, {shape[0], 2})});
  EXPECT_EQ(lora.deltas.size(), static_cast<std::size_t>(11 * config.decoder_layers + 1));
  ASSERT_TRUE(stack.enable("a", 0, lora, 0.5));
  (void)stack.merge_all();
  denoiser.weights_changed();
  const auto changed = generate(request, denoiser, settings);
  EXPECT_GT((changed - plain).abs().max().item<double>(), 1e-3);

  auto bound = models::bind_dit(Weights(source), config);
  LoraStack again(lora_targets(bound, source));
  ASSERT_TRUE(again.enable("a", 0, lora, 0.5));
  (void)again.merge_all();
  DitDenoiser fresh(bound);
  EXPECT_TRUE(generate(request, fresh, settings).equal(changed)) << "restored: the same bits";

  stack.disable("a");
  (void)stack.merge_all();
  denoiser.weights_changed();
  EXPECT_TRUE(generate(request, denoiser, settings).equal(plain));
}

TEST(LoraCatalogue, Fix11cIdsAreThoseOfFoldersForPeft) {
  const TempFolder folder;
  const auto tensors = pair(kModule + ".lora_A.weight", kModule + ".lora_B.weight");
  for (const char* file : {"one/adapter_model.safetensors", "two/adapter_model.safetensors",
                           "my.cool.lora.safetensors", "deep/er/my.cool.lora.safetensors"}) {
    folder.write(file, "");
    save_safetensors(folder / file, tensors);
  }
  folder.write("one/adapter_config.json", R"({"lora_alpha": 4, "r": 2})");
  folder.write("my.cool.lora.metadata.json",
               R"({"name": "Cool", "inference": {"trigger_words": ["c"]}})");
  LoraCatalogue catalogue;
  catalogue.scan({folder.path(), folder.path() / "one", folder / "nowhere"});
  std::vector<std::string> ids;
  for (const auto& file : catalogue.files()) ids.push_back(file.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"my.cool.lora", "my.cool.lora~2", "one", "two"}));
  // deep/er comes first by its path.
  EXPECT_EQ(catalogue.metadata("my.cool.lora").name, "my.cool.lora");
  EXPECT_EQ(catalogue.metadata("my.cool.lora~2").name, "Cool") << "only the last extension is cut";
  const auto scaled = catalogue.load("one", kShapes);
  ASSERT_TRUE(scaled) << scaled.error().reason;
  EXPECT_DOUBLE_EQ(scaled.value().deltas[0].gamma, 2.0);
  EXPECT_FALSE(catalogue.load("three", kShapes));
}

TEST(LoraCatalogue, Fix11eFilesAddedByPathStay) {
  const TempFolder folder;
  const TempFolder elsewhere;
  const auto tensors = pair(kModule + ".lora_A.weight", kModule + ".lora_B.weight");
  save_safetensors(elsewhere / "mine.safetensors", tensors);
  LoraCatalogue catalogue;
  EXPECT_EQ(catalogue.add(elsewhere / "mine.safetensors"), "mine");
  EXPECT_EQ(catalogue.add(elsewhere / "mine.safetensors"), "mine");
  catalogue.scan({folder.path()});
  EXPECT_TRUE(catalogue.load("mine", kShapes));
  EXPECT_TRUE(catalogue.remove("mine"));
  catalogue.scan({folder.path()});
  EXPECT_FALSE(catalogue.load("mine", kShapes));
}

TEST(LoraCatalogue, RefusesDamagedFilesWithTheirNames) {
  const TempFolder folder;
  folder.write("torn.safetensors", "abc");
  LoraCatalogue catalogue;
  catalogue.scan({folder.path()});
  const auto lora = catalogue.load("torn", kShapes);
  ASSERT_FALSE(lora);
  EXPECT_NE(lora.error().reason.find("torn"), std::string::npos);
}

TEST(LoraMetadata, ReadsAgainWhenTheSidecarChanges) {
  const TempFolder folder;
  folder.write("a.safetensors", "");
  LoraCatalogue catalogue;
  catalogue.scan({folder.path()});
  EXPECT_FALSE(catalogue.metadata("a").has_metadata);
  folder.write("a.metadata.json", R"({"name": "One"})");
  EXPECT_EQ(catalogue.metadata("a").name, "One");
  EXPECT_TRUE(lora_scale_fits("2B", "acestep-v15-turbo"));
  EXPECT_FALSE(lora_scale_fits("5B", "acestep-v15-turbo"));
  EXPECT_TRUE(lora_scale_fits("5B", "acestep-v15-xl-turbo"));
  EXPECT_TRUE(lora_scale_fits(std::nullopt, "acestep-v15-turbo"));
  EXPECT_TRUE(lora_scale_fits("5B", "sketch"));
}

}  // namespace
}  // namespace headroom::diffusion
