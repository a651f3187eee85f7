#include "studio/model_maker.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <set>

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "base/pending_file.h"
#include "models/condition_encoder.h"
#include "models/dit.h"
#include "models/mel_band_roformer.h"
#include "models/oobleck.h"
#include "models/semantic_tokenizer.h"
#include "models/text_encoder.h"
#include "studio/random_weights.h"
#include "tensor/safetensors.h"
#include "tensor/torch_archive.h"

namespace headroom::studio {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Shapes = std::map<std::string, std::vector<std::int64_t>>;

void write_text(const fs::path& path, const std::string& text) {
  PendingFile pending(path);
  std::ofstream file(pending.path(), std::ios::binary);
  file << text;
  file.close();
  if (!file) throw Error(ErrorKind::output, fmt::format("{}: cannot be written", path.string()));
  pending.commit();
}

void make_folder(const fs::path& path) {
  std::error_code code;
  fs::create_directories(path, code);
  if (code)
    throw Error(ErrorKind::output,
                fmt::format("{}: cannot be made: {}", path.string(), code.message()));
}

std::int64_t elements(const std::vector<std::int64_t>& shape) {
  std::int64_t product = 1;
  for (const auto size : shape) product *= size;
  return product;
}

// Everything of `shapes` in one file.
std::uint64_t write_weights(const fs::path& path, const Shapes& shapes, RandomWeights& weights,
                            at::ScalarType dtype, Progress& progress) {
  SafetensorsWriter writer(path);
  writer.metadata("format", "pt");
  for (const auto& [name, shape] : shapes) writer.add(name, dtype, shape);
  progress.stage(path.parent_path().filename().string(), static_cast<std::int64_t>(shapes.size()));
  std::uint64_t bytes = 0;
  for (const auto& [name, shape] : shapes) {
    writer.write(weights.get(name, shape));
    bytes += static_cast<std::uint64_t>(elements(shape)) * c10::elementSize(dtype);
    progress.step();
  }
  writer.finish();
  return bytes;
}

// In `count` shards of about equal size, with the index that names each tensor's shard.
std::uint64_t write_shards(const fs::path& folder, const Shapes& shapes, size_t count,
                           RandomWeights& weights, at::ScalarType dtype, Progress& progress) {
  std::int64_t total = 0;
  for (const auto& [name, shape] : shapes) total += elements(shape);
  std::vector<Shapes> shards(count);
  std::int64_t placed = 0;
  json map = json::object();
  const auto file = [&](size_t i) {
    return fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, count);
  };
  for (const auto& [name, shape] : shapes) {
    const auto shard =
        std::min(count - 1, static_cast<size_t>(placed * static_cast<std::int64_t>(count) / total));
    shards[shard][name] = shape;
    map[name] = file(shard);
    placed += elements(shape);
  }
  std::uint64_t bytes = 0;
  for (size_t i = 0; i < count; ++i)
    bytes += write_weights(folder / file(i), shards[i], weights, dtype, progress);
  write_text(folder / "model.safetensors.index.json",
             json{{"metadata", {{"total_size", bytes}}}, {"weight_map", map}}.dump(2));
  return bytes;
}

// A tokenizer.json of single bytes: real text encodes to one token a byte, special tokens stand
// where the published vocabulary has them relative to the end.
json byte_tokenizer(std::int64_t vocabulary) {
  json vocab = json::object();
  const auto utf8 = [](int code) {
    return code < 0x80 ? std::string(1, static_cast<char>(code))
                       : std::string{static_cast<char>(0xC0 | (code >> 6)),
                                     static_cast<char>(0x80 | (code & 0x3F))};
  };
  int spare = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const bool visible = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    vocab[utf8(visible ? byte : spare++)] = byte;
  }
  json added = json::array();
  const std::vector<std::string> tokens{"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
  for (size_t i = 0; i < tokens.size(); ++i) {
    added.push_back({{"id", vocabulary - static_cast<std::int64_t>(tokens.size() - i)},
                     {"content", tokens[i]},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  const json byte_level{{"type", "ByteLevel"},
                        {"add_prefix_space", false},
                        {"trim_offsets", false},
                        {"use_regex", false}};
  const char* pattern =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| "
      "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
      "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  const json end{{"SpecialToken", {{"id", tokens[0]}, {"type_id", 0}}}};
  const json a{{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  const json b{{"Sequence", {{"id", "B"}, {"type_id", 0}}}};
  return {
      {"version", "1.0"},
      {"truncation", nullptr},
      {"padding", nullptr},
      {"added_tokens", added},
      {"normalizer", {{"type", "NFC"}}},
      {"pre_tokenizer",
       {{"type", "Sequence"},
        {"pretokenizers", json::array({{{"type", "Split"},
                                        {"pattern", {{"Regex", pattern}}},
                                        {"behavior", "Isolated"},
                                        {"invert", false}},
                                       byte_level})}}},
      {"post_processor",
       {{"type", "TemplateProcessing"},
        {"single", json::array({a, end})},
        {"pair", json::array({a, end, b, end})},
        {"special_tokens",
         {{tokens[0],
           {{"id", tokens[0]},
            {"ids", json::array({added[0]["id"]})},
            {"tokens", json::array({tokens[0]})}}}}}}},
      {"decoder", byte_level},
      {"model",
       {{"type", "BPE"},
        {"dropout", nullptr},
        {"unk_token", nullptr},
        {"continuing_subword_prefix", ""},
        {"end_of_word_suffix", ""},
        {"fuse_unk", false},
        {"byte_fallback", false},
        {"ignore_merges", false},
        {"vocab", vocab},
        {"merges", json::array()}}},
  };
}

// Asks a network's own binding what its checkpoint holds.
Shapes shapes_of(const std::function<void(const Weights&)>& bind,
                 at::ScalarType dtype = at::kFloat) {
  RecordingSource source;
  bind(Weights(source, dtype));
  return source.shapes();
}

struct Job {
  const fs::path& root;
  ModelSize size;
  RandomWeights& transformer;  // bf16
  RandomWeights& half;         // fp16
  Progress& progress;
};

MadePart make_dit(const Job& job) {
  const auto folder =
      job.root / (job.size == ModelSize::xl ? "acestep-v15-xl-turbo" : "acestep-v15-turbo");
  make_folder(folder);
  const auto json = dit_config_json(job.size);
  const auto config = models::parse_acestep_config(json, "made");
  auto shapes = shapes_of([&](const Weights& weights) {
    (void)models::bind_dit(weights, config);
    (void)models::bind_condition_encoder(weights, config);
    (void)models::bind_semantic_tokenizer(weights, config);
    (void)models::bind_semantic_detokenizer(weights, config);
  });
  // In every published checkpoint, used or not.
  shapes["null_condition_emb"] = {1, 1, config.encoder.hidden};
  shapes["encoder.timbre_encoder.special_token"] = {1, 1, config.encoder.hidden};
  write_text(folder / "config.json", json.dump(2));
  const std::int64_t silence = job.size == ModelSize::tiny ? 1500 : 15000;
  save_torch_tensor(
      folder / "silence_latent.pt",
      job.transformer.get("silence", {1, config.latent_channels, 1}).to(at::kFloat) +
          0.02 * job.transformer.get("silence_ripple", {1, config.latent_channels, silence})
                     .to(at::kFloat));
  const auto bytes =
      job.size == ModelSize::xl
          ? write_shards(folder, shapes, 4, job.transformer, at::kBFloat16, job.progress)
          : write_weights(folder / "model.safetensors", shapes, job.transformer, at::kBFloat16,
                          job.progress);
  return {folder.filename().string(), static_cast<std::int64_t>(shapes.size()), bytes};
}

MadePart make_vae(const Job& job) {
  const auto folder = job.root / "vae";
  make_folder(folder);
  const auto json = vae_config_json(job.size);
  const auto config = models::parse_oobleck_config(json, "made");
  const auto shapes = shapes_of([&](const Weights& weights) {
    (void)models::bind_oobleck_encoder(weights, config);
    (void)models::bind_oobleck_decoder(weights, config);
  });
  write_text(folder / "config.json", json.dump(2));
  const auto bytes = write_weights(folder / "diffusion_pytorch_model.safetensors", shapes, job.half,
                                   at::kHalf, job.progress);
  return {"vae", static_cast<std::int64_t>(shapes.size()), bytes};
}

MadePart make_text(const Job& job) {
  const auto folder = job.root / "Qwen3-Embedding-0.6B";
  make_folder(folder);
  const auto json = text_config_json(job.size);
  const auto config = models::parse_qwen3_config(json, "made");
  const auto shapes =
      shapes_of([&](const Weights& weights) { (void)models::bind_text_encoder(weights, config); });
  write_text(folder / "config.json", json.dump(2));
  write_text(folder / "tokenizer.json", byte_tokenizer(config.vocabulary).dump());
  const auto bytes = write_weights(folder / "model.safetensors", shapes, job.transformer,
                                   at::kBFloat16, job.progress);
  return {folder.filename().string(), static_cast<std::int64_t>(shapes.size()), bytes};
}

models::RoformerConfig separator_config(const json& sizes) {
  models::RoformerConfig config;
  config.dim = sizes["dim"];
  config.depth = sizes["depth"];
  config.heads = sizes["heads"];
  config.head_dim = sizes["dim_head"];
  config.mask_depth = sizes["mask_estimator_depth"];
  config.ff_width = 4 * config.dim;
  config.mask_width = 4 * config.dim;
  return config;
}

MadePart make_separator(const Job& job) {
  const auto folder = job.root / "MelBandRoFormer";
  make_folder(folder);
  const auto json = separator_config_json(job.size);
  const auto config = separator_config(json);
  const auto shapes =
      shapes_of([&](const Weights& weights) { (void)models::bind_roformer(weights, config); });
  write_text(folder / "config.json", json.dump(2));
  const auto bytes = write_weights(folder / "MelBandRoformer_fp16.safetensors", shapes, job.half,
                                   at::kHalf, job.progress);
  return {folder.filename().string(), static_cast<std::int64_t>(shapes.size()), bytes};
}

}  // namespace

ModelConfigs made_configs(ModelSize size) {
  return {models::parse_acestep_config(dit_config_json(size), "made"),
          models::parse_oobleck_config(vae_config_json(size), "made"),
          models::parse_qwen3_config(text_config_json(size), "made"),
          separator_config(separator_config_json(size)), at::kHalf};
}

std::vector<std::string> model_parts() { return {"dit", "vae", "text", "separator"}; }

std::vector<MadePart> make_model(const fs::path& root, ModelSize size, std::uint64_t seed,
                                 const std::vector<std::string>& parts, Progress& progress) {
  const auto known = model_parts();
  for (const auto& part : parts) {
    if (std::find(known.begin(), known.end(), part) == known.end()) {
      throw Error(ErrorKind::usage,
                  fmt::format("part '{}' is unknown; parts are dit, vae, text, separator",
                              printable(part)));
    }
  }
  make_folder(root);
  RandomWeights transformer(seed, at::kBFloat16);
  RandomWeights half(seed, at::kHalf);
  const Job job{root, size, transformer, half, progress};
  const auto wanted = [&](const char* part) {
    return parts.empty() || std::find(parts.begin(), parts.end(), part) != parts.end();
  };
  std::vector<MadePart> made;
  if (wanted("dit")) made.push_back(make_dit(job));
  if (wanted("vae")) made.push_back(make_vae(job));
  if (wanted("text")) made.push_back(make_text(job));
  if (wanted("separator")) made.push_back(make_separator(job));
  return made;
}

}  // namespace headroom::studio
