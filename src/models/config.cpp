#include "models/config.h"

#include <cmath>
#include <functional>
#include <numeric>

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "base/strict_json.h"
#include "base/text.h"

namespace headroom::models {
namespace {

using nlohmann::json;

// Far above any real model (XL: 32 layers, width 9728, vocabulary 217 204) and low enough that no
// product of two of them overflows.
constexpr std::int64_t kMostLayers = 1024;
constexpr std::int64_t kWidest = 1 << 20;
constexpr std::uint64_t kLongestConfig = 1 << 20;

// One JSON object with the name of where it came from.
class Fields {
 public:
  Fields(const json& object, const std::string& where) : object_(object), where_(where) {
    if (!object.is_object())
      throw Error(ErrorKind::checkpoint, fmt::format("{}: not a JSON object", where));
  }

  bool has(const char* name) const { return object_.contains(name) && !object_[name].is_null(); }

  [[noreturn]] void fail(const char* name, std::string_view what) const {
    throw Error(ErrorKind::checkpoint, fmt::format("{}: field '{}' {}", where_, name, what));
  }

  std::int64_t integer(const char* name, std::int64_t least, std::int64_t most) const {
    return checked_integer(name, at(name), least, most);
  }
  std::int64_t integer_or(const char* name, std::int64_t otherwise, std::int64_t least,
                          std::int64_t most) const {
    return has(name) ? integer(name, least, most) : otherwise;
  }
  double positive_or(const char* name, double otherwise) const {
    if (!has(name)) return otherwise;
    if (!at(name).is_number()) fail(name, "must be a number");
    const double value = at(name).get<double>();
    if (!std::isfinite(value) || value <= 0) fail(name, "must be a positive number");
    return value;
  }
  bool flag_or(const char* name, bool otherwise) const {
    if (!has(name)) return otherwise;
    if (!at(name).is_boolean()) fail(name, "must be true or false");
    return at(name).get<bool>();
  }
  std::vector<std::int64_t> integers(const char* name, std::int64_t least,
                                     std::int64_t most) const {
    const json& list = at(name);
    if (!list.is_array() || list.empty() || list.size() > kMostLayers)
      fail(name, "must be a list of integers");
    std::vector<std::int64_t> values;
    for (const json& item : list) values.push_back(checked_integer(name, item, least, most));
    return values;
  }
  /// Anything but `expected` would be another network than the one implemented.
  void require(const char* name, const json& expected) const {
    if (has(name) && object_[name] != expected) {
      fail(name, fmt::format("is {}; only {} is implemented", printable(dump(object_[name])),
                             dump(expected)));
    }
  }
  const json& at(const char* name) const {
    if (!has(name)) fail(name, "is missing");
    return object_[name];
  }
  const std::string& where() const { return where_; }

 private:
  static std::string dump(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
  }

  std::int64_t checked_integer(const char* name, const json& value, std::int64_t least,
                               std::int64_t most) const {
    if (!value.is_number_integer())
      fail(name, fmt::format("must be an integer, is {}", printable(dump(value))));
    const bool huge =
        value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(most);
    const auto number = huge ? most : value.get<std::int64_t>();
    if (huge || number < least || number > most) {
      fail(name, fmt::format("is {}, must lie in {}…{}", dump(value), least, most));
    }
    return number;
  }

  const json& object_;
  const std::string& where_;
};

TransformerSize transformer_size(const Fields& fields, const std::string& prefix,
                                 const TransformerSize& otherwise) {
  const auto name = [&](const char* field) { return prefix + field; };
  const auto read = [&](const char* field, std::int64_t fallback) {
    return fallback > 0 ? fields.integer_or(name(field).c_str(), fallback, 1, kWidest)
                        : fields.integer(name(field).c_str(), 1, kWidest);
  };
  TransformerSize size;
  size.hidden = read("hidden_size", otherwise.hidden);
  size.intermediate = read("intermediate_size", otherwise.intermediate);
  size.heads = read("num_attention_heads", otherwise.heads);
  size.kv_heads = read("num_key_value_heads", otherwise.kv_heads);
  size.head_dim = fields.integer_or("head_dim", size.hidden / size.heads, 2, 4096);
  if (size.heads % size.kv_heads != 0) {
    fields.fail(name("num_key_value_heads").c_str(),
                fmt::format("is {}, which does not divide the {} attention heads", size.kv_heads,
                            size.heads));
  }
  if (size.head_dim % 2 != 0) fields.fail("head_dim", "must be even for rotary embeddings");
  return size;
}

std::vector<bool> layer_pattern(const Fields& fields, std::int64_t longest) {
  std::vector<bool> slides;
  if (fields.has("layer_types")) {
    const json& types = fields.at("layer_types");
    if (!types.is_array() || types.size() > kMostLayers)
      fields.fail("layer_types", "must be a list of layer kinds");
    for (const json& type : types) {
      if (type != "sliding_attention" && type != "full_attention") {
        fields.fail(
            "layer_types",
            fmt::format("has the unknown kind {}; known are sliding_attention and full_attention",
                        printable(type.dump(-1, ' ', false, json::error_handler_t::replace))));
      }
      slides.push_back(type == "sliding_attention");
    }
  }
  // The published pattern alternates and starts with the window; it also serves the condition
  // side's layers when the list is shorter than they are.
  for (auto i = static_cast<std::int64_t>(slides.size()); i < longest; ++i)
    slides.push_back(i % 2 == 0);
  if (!fields.flag_or("use_sliding_window", true)) slides.assign(slides.size(), false);
  return slides;
}

}  // namespace

std::int64_t OobleckConfig::hop() const {
  return std::accumulate(ratios.begin(), ratios.end(), std::int64_t{1}, std::multiplies<>());
}

AceStepConfig parse_acestep_config(const json& object, const std::string& where) {
  const Fields fields(object, where);
  fields.require("hidden_act", "silu");
  fields.require("attention_bias", false);
  fields.require("fsq_input_num_quantizers", 1);
  AceStepConfig config;
  config.decoder = transformer_size(fields, "", {});
  config.xl = fields.has("encoder_hidden_size");
  config.encoder = transformer_size(fields, "encoder_", config.decoder);
  config.decoder_layers = fields.integer("num_hidden_layers", 1, kMostLayers);
  config.lyric_layers = fields.integer("num_lyric_encoder_hidden_layers", 1, kMostLayers);
  config.timbre_layers = fields.integer("num_timbre_encoder_hidden_layers", 1, kMostLayers);
  config.pooler_layers = fields.integer("num_attention_pooler_hidden_layers", 1, kMostLayers);
  config.latent_channels = fields.integer("audio_acoustic_hidden_dim", 1, kWidest);
  config.patch = fields.integer_or("patch_size", 2, 1, 64);
  config.pool_window = fields.integer_or("pool_window_size", 5, 1, 1024);
  config.text_width = fields.integer("text_hidden_dim", 1, kWidest);
  config.timbre_width = fields.integer("timbre_hidden_dim", 1, kWidest);
  config.window =
      fields.has("sliding_window") ? fields.integer("sliding_window", 1, kWidest) : kWidest;
  const auto longest = std::max(
      {config.decoder_layers, config.lyric_layers, config.timbre_layers, config.pooler_layers});
  config.slides = layer_pattern(fields, longest);
  config.fsq_levels = fields.integers("fsq_input_levels", 2, 64);
  config.rope_theta = fields.positive_or("rope_theta", 1e6);
  config.norm_eps = fields.positive_or("rms_norm_eps", 1e-6);
  const bool named_turbo = std::filesystem::path(where).parent_path().filename().string().find(
                               "turbo") != std::string::npos;
  config.turbo = fields.flag_or("is_turbo", named_turbo);
  const auto in_channels = fields.integer_or("in_channels", 3 * config.latent_channels, 1, kWidest);
  if (in_channels != 3 * config.latent_channels) {
    fields.fail("in_channels",
                fmt::format("is {}, must be three times audio_acoustic_hidden_dim ({})",
                            in_channels, config.latent_channels));
  }
  return config;
}

OobleckConfig parse_oobleck_config(const json& object, const std::string& where) {
  const Fields fields(object, where);
  OobleckConfig config;
  config.audio_channels = fields.integer_or("audio_channels", 2, 1, 64);
  config.encoder_hidden = fields.integer("encoder_hidden_size", 1, kWidest);
  config.decoder_channels = fields.integer("decoder_channels", 1, kWidest);
  config.latent_channels = fields.integer("decoder_input_channels", 1, kWidest);
  config.multiples = fields.integers("channel_multiples", 1, 1024);
  config.ratios = fields.integers("downsampling_ratios", 1, 1024);
  config.sample_rate = fields.integer_or("sampling_rate", 48000, 1, 1'000'000);
  if (config.multiples.size() != config.ratios.size() || config.ratios.size() > 16) {
    fields.fail("channel_multiples",
                "must have as many entries as downsampling_ratios, at most 16");
  }
  if (config.hop() > kWidest)
    fields.fail("downsampling_ratios", "multiply to more samples per frame than makes sense");
  return config;
}

Qwen3Config parse_qwen3_config(const json& object, const std::string& where) {
  const Fields fields(object, where);
  fields.require("hidden_act", "silu");
  fields.require("attention_bias", false);
  fields.require("use_sliding_window", false);
  Qwen3Config config;
  config.size = transformer_size(fields, "", {});
  config.layers = fields.integer("num_hidden_layers", 1, kMostLayers);
  config.vocabulary = fields.integer("vocab_size", 1, 1 << 24);
  config.rope_theta = fields.positive_or("rope_theta", 1e6);
  config.norm_eps = fields.positive_or("rms_norm_eps", 1e-6);
  return config;
}

json load_json(const std::filesystem::path& path) {
  std::string text;
  try {
    text = read_text_file(path, kLongestConfig);
  } catch (const Error& error) {
    throw Error(ErrorKind::checkpoint, error.what());
  }
  return parse_strict_json(text, ErrorKind::checkpoint, path.string());
}

}  // namespace headroom::models
