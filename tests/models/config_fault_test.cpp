#include <gtest/gtest.h>

#include "base/json.h"
#include "expect_error.h"
#include "models/config.h"
#include "models/dit.h"
#include "models/mel_band_roformer.h"
#include "studio/model_maker.h"
#include "studio/random_weights.h"

namespace headroom::models {
namespace {

using nlohmann::json;

struct BadField {
  const char* field;
  json value;
  const char* fragment;
};

TEST(AceStepConfig, EveryBadFieldIsNamed) {
  const std::vector<BadField> cases{
      {"hidden_size", nullptr, "missing"},
      {"hidden_size", "2048", "must be an integer"},
      {"hidden_size", 2048.5, "must be an integer"},
      {"hidden_size", -1, "must lie in"},
      {"hidden_size", 0, "must lie in"},
      {"hidden_size", 1ULL << 63, "must lie in"},
      {"num_hidden_layers", 100000, "must lie in"},
      {"num_attention_heads", 0, "must lie in"},
      {"num_key_value_heads", 3, "does not divide"},
      {"head_dim", 15, "even"},
      {"hidden_act", "gelu", "only \"silu\""},
      {"attention_bias", true, "only false"},
      {"fsq_input_num_quantizers", 2, "only 1"},
      {"layer_types", json::array({"sideways_attention"}), "unknown kind"},
      {"layer_types", "full_attention", "must be a list"},
      {"fsq_input_levels", json::array(), "list of integers"},
      {"fsq_input_levels", json::array({8, 1}), "must lie in"},
      {"rope_theta", -5, "positive"},
      {"rms_norm_eps", "small", "must be a number"},
      {"use_sliding_window", "yes", "true or false"},
      {"in_channels", 100, "three times"},
      {"audio_acoustic_hidden_dim", nullptr, "missing"},
  };
  for (const auto& bad : cases) {
    auto config = studio::dit_config_json(studio::ModelSize::tiny);
    config[bad.field] = bad.value;
    SCOPED_TRACE(bad.field);
    expect_error([&] { (void)parse_acestep_config(config, "x/config.json"); },
                 ErrorKind::checkpoint, bad.fragment);
    expect_error([&] { (void)parse_acestep_config(config, "x/config.json"); },
                 ErrorKind::checkpoint, bad.field);
  }
  expect_error([&] { (void)parse_acestep_config(json::array(), "x"); }, ErrorKind::checkpoint,
               "not a JSON object");
}

TEST(OobleckConfig, EveryBadFieldIsNamed) {
  const std::vector<BadField> cases{
      {"downsampling_ratios", json::array({2, 4}), "as many entries"},
      {"downsampling_ratios", json::array({2, -4, 4, 6, 10}), "must lie in"},
      {"downsampling_ratios", json::array({1000, 1000, 1000, 1000, 1000}),
       "more samples per frame"},
      {"channel_multiples", "all", "list of integers"},
      {"decoder_channels", 0, "must lie in"},
      {"sampling_rate", "48k", "must be an integer"},
  };
  for (const auto& bad : cases) {
    auto config = studio::vae_config_json(studio::ModelSize::tiny);
    config[bad.field] = bad.value;
    SCOPED_TRACE(bad.field);
    expect_error([&] { (void)parse_oobleck_config(config, "vae"); }, ErrorKind::checkpoint,
                 bad.fragment);
  }
}

TEST(Qwen3Config, RefusesAnotherNetwork) {
  for (const auto& [field, value] : {std::pair<const char*, json>{"hidden_act", "relu"},
                                     {"attention_bias", true},
                                     {"use_sliding_window", true},
                                     {"vocab_size", 0},
                                     {"num_hidden_layers", "many"}}) {
    auto config = studio::text_config_json(studio::ModelSize::tiny);
    config[field] = value;
    expect_error([&, field = field] { (void)parse_qwen3_config(config, "text"); },
                 ErrorKind::checkpoint, field);
  }
}

TEST(PublishedConfigs, AreRead) {
  const auto b2 = parse_acestep_config(studio::dit_config_json(studio::ModelSize::b2),
                                       "acestep-v15-turbo/config.json");
  EXPECT_EQ(b2.decoder.hidden, 2048);
  EXPECT_EQ(b2.encoder.hidden, 2048);
  EXPECT_FALSE(b2.xl);
  EXPECT_TRUE(b2.turbo);
  EXPECT_TRUE(b2.slides[0]);
  EXPECT_FALSE(b2.slides[1]);
  const auto xl = parse_acestep_config(studio::dit_config_json(studio::ModelSize::xl), "x");
  EXPECT_EQ(xl.decoder.heads * xl.decoder.head_dim, 4096);
  EXPECT_EQ(xl.encoder.hidden, 2048);
  EXPECT_TRUE(xl.xl);
  EXPECT_EQ(parse_oobleck_config(studio::vae_config_json(studio::ModelSize::b2), "x").hop(), 1920);
}

// Parameter counts that the specification gives for the published checkpoints (section 17): the
// bindings ask for every tensor of them and for no other.
TEST(PublishedSizes, AreWhatTheNetworksAskFor) {
  const auto count = [](const studio::RecordingSource& source, const std::string& prefix) {
    std::int64_t sum = 0;
    for (const auto& [name, shape] : source.shapes()) {
      if (name.rfind(prefix, 0) == 0) sum += c10::multiply_integers(shape);
    }
    return sum;
  };
  const auto config = parse_acestep_config(studio::dit_config_json(studio::ModelSize::b2), "x");
  studio::RecordingSource dit;
  (void)bind_dit(Weights(dit), config);
  EXPECT_EQ(count(dit, "decoder."), 1'575'458'880);
  studio::RecordingSource separator;
  (void)bind_roformer(Weights(separator), RoformerConfig());
  EXPECT_EQ(count(separator, "mask_estimators."), 201'465'304);
  EXPECT_EQ(count(separator, "band_split."), 3'070'700);
  EXPECT_EQ(separator.shapes().size(), 684U);
}

}  // namespace
}  // namespace headroom::models
