// The configurations that make_model writes. Published numbers: specification "ACE-Step v1.5",
// section 3.3 and 3.4; "Mel-Band RoFormer", section 1.
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "studio/model_maker.h"

namespace headroom::studio {
namespace {

using nlohmann::json;

json layer_types(int layers) {
  json types = json::array();
  for (int i = 0; i < layers; ++i)
    types.push_back(i % 2 == 0 ? "sliding_attention" : "full_attention");
  return types;
}

}  // namespace

ModelSize parse_model_size(const std::string& name) {
  if (name == "tiny") return ModelSize::tiny;
  if (name == "2b") return ModelSize::b2;
  if (name == "xl") return ModelSize::xl;
  throw Error(ErrorKind::usage,
              fmt::format("size '{}' is unknown; sizes are tiny, 2b, xl", printable(name)));
}

json dit_config_json(ModelSize size) {
  const bool tiny = size == ModelSize::tiny;
  const bool xl = size == ModelSize::xl;
  const int layers = tiny ? 4 : xl ? 32 : 24;
  const int channels = tiny ? 16 : 64;
  json config{{"model_type", "acestep"},
              {"architectures", {"AceStepConditionGenerationModel"}},
              {"hidden_size", tiny ? 64
                              : xl ? 2560
                                   : 2048},
              {"intermediate_size", tiny ? 128
                                    : xl ? 9728
                                         : 6144},
              {"num_hidden_layers", layers},
              {"num_attention_heads", tiny ? 4
                                      : xl ? 32
                                           : 16},
              {"num_key_value_heads", tiny ? 2 : 8},
              {"head_dim", tiny ? 16 : 128},
              {"hidden_act", "silu"},
              {"rms_norm_eps", 1e-6},
              {"rope_theta", 1000000},
              {"attention_bias", false},
              {"use_sliding_window", true},
              {"sliding_window", 128},
              {"layer_types", layer_types(layers)},
              {"in_channels", 3 * channels},
              {"audio_acoustic_hidden_dim", channels},
              {"patch_size", 2},
              {"pool_window_size", 5},
              {"text_hidden_dim", tiny ? 32 : 1024},
              {"timbre_hidden_dim", channels},
              {"timbre_fix_frame", 750},
              {"num_lyric_encoder_hidden_layers", tiny ? 2 : 8},
              {"num_timbre_encoder_hidden_layers", tiny ? 2 : 4},
              {"num_attention_pooler_hidden_layers", 2},
              {"fsq_dim", tiny ? 64 : 2048},
              {"fsq_input_levels", {8, 8, 8, 5, 5, 5}},
              {"fsq_input_num_quantizers", 1},
              {"is_turbo", true},
              {"model_version", "turbo"},
              {"dtype", "bfloat16"}};
  if (xl) {
    config.update({{"encoder_hidden_size", 2048},
                   {"encoder_intermediate_size", 6144},
                   {"encoder_num_attention_heads", 16},
                   {"encoder_num_key_value_heads", 8}});
  }
  return config;
}

json vae_config_json(ModelSize size) {
  const bool tiny = size == ModelSize::tiny;
  return {{"_class_name", "AutoencoderOobleck"},
          {"audio_channels", 2},
          {"encoder_hidden_size", tiny ? 8 : 128},
          {"decoder_channels", tiny ? 8 : 128},
          {"decoder_input_channels", tiny ? 16 : 64},
          {"channel_multiples", tiny ? json{1, 1, 2, 2, 4} : json{1, 2, 4, 8, 16}},
          {"downsampling_ratios", {2, 4, 4, 6, 10}},
          {"sampling_rate", 48000}};
}

json text_config_json(ModelSize size) {
  const bool tiny = size == ModelSize::tiny;
  return {{"model_type", "qwen3"},
          {"vocab_size", tiny ? 260 : 151669},
          {"hidden_size", tiny ? 32 : 1024},
          {"intermediate_size", tiny ? 64 : 3072},
          {"num_hidden_layers", tiny ? 2 : 28},
          {"num_attention_heads", tiny ? 4 : 16},
          {"num_key_value_heads", tiny ? 2 : 8},
          {"head_dim", tiny ? 16 : 128},
          {"hidden_act", "silu"},
          {"rms_norm_eps", 1e-6},
          {"rope_theta", 1000000},
          {"attention_bias", false},
          {"use_sliding_window", false},
          {"tie_word_embeddings", true}};
}

json separator_config_json(ModelSize size) {
  const bool tiny = size == ModelSize::tiny;
  return {{"dim", tiny ? 16 : 384},
          {"depth", tiny ? 1 : 6},
          {"heads", tiny ? 2 : 8},
          {"dim_head", tiny ? 8 : 64},
          {"mask_estimator_depth", 2},
          {"num_bands", 60},
          {"num_stems", 1},
          {"stereo", true},
          {"sample_rate", 44100},
          {"stft_n_fft", 2048},
          {"stft_hop_length", 441},
          {"stft_win_length", 2048},
          {"stft_normalized", false},
          {"chunk_size", 352800}};
}

}  // namespace headroom::studio
