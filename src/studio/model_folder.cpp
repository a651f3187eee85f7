#include "studio/model_folder.h"

#include <algorithm>
#include <fstream>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "tensor/torch_archive.h"

namespace headroom::studio {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDitPrefix = "acestep-v15-";
constexpr const char* kVae = "vae";
constexpr const char* kText = "Qwen3-Embedding-0.6B";
constexpr const char* kSeparator = "MelBandRoFormer";

[[noreturn]] void fail(const fs::path& path, const std::string& what) {
  throw Error(ErrorKind::checkpoint, fmt::format("{}: {}", path.string(), what));
}

std::vector<fs::path> dit_folders(const fs::path& root) {
  std::vector<fs::path> folders;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(root, code)) {
    if (entry.is_directory() && entry.path().filename().string().starts_with(kDitPrefix))
      folders.push_back(entry.path());
  }
  if (code) fail(root, code.message());
  std::sort(folders.begin(), folders.end());
  return folders;
}

fs::path choose_dit(const fs::path& root, const std::string& variant) {
  if (!variant.empty()) return root / variant;
  const auto folders = dit_folders(root);
  if (folders.size() > 1) {
    std::string names;
    for (const auto& folder : folders)
      names += (names.empty() ? "" : ", ") + folder.filename().string();
    fail(root, fmt::format("holds several models ({}); choose one with --variant", names));
  }
  return folders.empty() ? root / "acestep-v15-turbo" : folders.front();
}

bool is_dit_folder(const fs::path& path) {
  return path.filename().string().starts_with(kDitPrefix) && fs::exists(path / "config.json");
}

}  // namespace

ModelFolder ModelFolder::open(const fs::path& path, const std::string& variant) {
  std::error_code code;
  if (!fs::exists(path, code))
    fail(path, "no such model; give the folder that holds vae/, acestep-v15-…/ and so on");
  ModelFolder folder;
  if (!fs::is_directory(path)) {
    folder.root_ = path.parent_path();
    folder.separator_ = path;
    return folder;
  }
  const auto whole = fs::canonical(path, code);
  if (code) fail(path, code.message());
  folder.root_ = is_dit_folder(whole) ? whole.parent_path() : whole;
  folder.dit_ = is_dit_folder(whole) ? whole : choose_dit(whole, variant);
  folder.vae_ = folder.root_ / kVae;
  folder.text_ = folder.root_ / kText;
  folder.separator_ = folder.root_ / kSeparator;
  return folder;
}

fs::path ModelFolder::require(const fs::path& part, std::string_view what) const {
  std::error_code code;
  if (part.empty() || !fs::exists(part, code)) {
    fail(part.empty() ? root_ : part, fmt::format("the model has no {} here", what));
  }
  return part;
}

std::string ModelFolder::identity() const {
  constexpr std::streamoff kSample = 64 << 10;
  std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
  const auto mix = [&](std::string_view bytes) {
    for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  };
  const auto mix_file = [&](const fs::path& path) {
    const auto size = static_cast<std::streamoff>(fs::file_size(path));
    mix(fmt::format("{} {}\n", path.filename().string(), size));
    std::ifstream file(path, std::ios::binary);
    std::string bytes(static_cast<size_t>(std::min(size, kSample)), '\0');
    for (const auto offset :
         {std::streamoff{0}, size - static_cast<std::streamoff>(bytes.size())}) {
      file.seekg(offset);
      file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      mix(bytes);
    }
  };
  for (const auto& folder : {require(dit_, "diffusion transformer"), require(vae_, "VAE")}) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
      if (file.extension() == ".safetensors" || file.extension() == ".json") mix_file(file);
    }
  }
  return fmt::format("{}-{:016x}", name(), hash);
}

double ModelFolder::shift() const {
  constexpr double usual = 3.0;
  const std::string suffix = "-shift";
  const auto text = name();
  const auto at = text.rfind(suffix);
  if (at == std::string::npos || at + suffix.size() + 1 != text.size()) return usual;
  const char digit = text.back();
  return digit >= '1' && digit <= '9' ? digit - '0' : usual;
}

models::AceStepConfig ModelFolder::dit_config() const {
  const auto file = require(dit_, "diffusion transformer") / "config.json";
  return models::parse_acestep_config(models::load_json(file), file.string());
}

models::OobleckConfig ModelFolder::vae_config() const {
  const auto file = require(vae_, "VAE") / "config.json";
  return models::parse_oobleck_config(models::load_json(file), file.string());
}

models::Qwen3Config ModelFolder::text_config() const {
  const auto file = require(text_, "text encoder") / "config.json";
  return models::parse_qwen3_config(models::load_json(file), file.string());
}

// Parts of different models, put into one folder by hand.
void ModelFolder::require_that_they_fit(const ModelConfigs& configs) const {
  const auto& [dit, vae, text, separator, stored] = configs;
  if (vae.latent_channels != dit.latent_channels) {
    fail(vae_,
         fmt::format("has latents of {} channels, and {} wants {}; take the VAE of the same model",
                     vae.latent_channels, name(), dit.latent_channels));
  }
  if (text.size.hidden != dit.text_width) {
    fail(text_,
         fmt::format("gives states of width {}, and {} wants {}; take the text encoder of the "
                     "same model",
                     text.size.hidden, name(), dit.text_width));
  }
}

ModelConfigs ModelFolder::configs(ModelParts parts) const {
  ModelConfigs configs;
  if (parts != ModelParts::separator) configs.vae = vae_config();
  if (parts == ModelParts::all) {
    configs.dit = dit_config();
    configs.text = text_config();
    require_that_they_fit(configs);
  }
  std::error_code code;
  const bool there = !separator_.empty() && fs::exists(separator_, code);
  if (parts == ModelParts::separator || (parts == ModelParts::all && there)) {
    const auto file = open_separator();
    configs.separator = file.config;
    for (const auto& entry : file.checkpoint.entries()) {
      if (entry.shape.size() == 2) configs.separator_stored = entry.dtype;
    }
  }
  return configs;
}

namespace {

// A source whose tensors are adapted on the way.
class AdaptedSource : public WeightSource {
 public:
  AdaptedSource(WeightSource& source, const LoadAs& as) : source_(source), as_(as) {}
  bool has(const std::string& name) const override { return source_.has(name); }
  std::vector<std::int64_t> shape_of(const std::string& name) const override {
    return source_.shape_of(name);
  }
  at::Tensor get(const std::string& name, at::IntArrayRef shape) override {
    const auto stored = source_.get(name, shape);
    return as_.adapt ? as_.adapt(name, stored) : stored;
  }

 private:
  WeightSource& source_;
  const LoadAs& as_;
};

}  // namespace

Checkpoint ModelFolder::open_dit() const {
  (void)require(dit_, "diffusion transformer");
  return Checkpoint::open(dit_);
}

models::Dit ModelFolder::load_dit(const LoadAs& as) const {
  const auto config = dit_config();
  auto checkpoint = Checkpoint::open(dit_);
  AdaptedSource source(checkpoint, as);
  return models::bind_dit(Weights(source, as.dtype, "", as.placer), config);
}

models::ConditionEncoder ModelFolder::load_condition_encoder(const LoadAs& as) const {
  const auto config = dit_config();
  auto checkpoint = Checkpoint::open(dit_);
  return models::bind_condition_encoder(Weights(checkpoint, as.dtype, "", as.placer), config);
}

models::SemanticTokenizer ModelFolder::load_semantic_tokenizer(const LoadAs& as) const {
  const auto config = dit_config();
  auto checkpoint = Checkpoint::open(dit_);
  return models::bind_semantic_tokenizer(Weights(checkpoint, as.dtype, "", as.placer), config);
}

models::SemanticDetokenizer ModelFolder::load_semantic_detokenizer(const LoadAs& as) const {
  const auto config = dit_config();
  auto checkpoint = Checkpoint::open(dit_);
  return models::bind_semantic_detokenizer(Weights(checkpoint, as.dtype, "", as.placer), config);
}

models::OobleckEncoder ModelFolder::load_vae_encoder(const LoadAs& as) const {
  auto config = vae_config();
  auto checkpoint = Checkpoint::open(vae_);
  return models::bind_oobleck_encoder(Weights(checkpoint, as.dtype, "", as.placer), config);
}

models::OobleckDecoder ModelFolder::load_vae_decoder(const LoadAs& as) const {
  auto config = vae_config();
  auto checkpoint = Checkpoint::open(vae_);
  return models::bind_oobleck_decoder(Weights(checkpoint, as.dtype, "", as.placer), config);
}

models::TextEncoder ModelFolder::load_text_encoder(const LoadAs& as) const {
  const auto config = text_config();
  auto checkpoint = Checkpoint::open(text_);
  return models::bind_text_encoder(Weights(checkpoint, as.dtype, "", as.placer), config);
}

BpeTokenizer ModelFolder::load_text_tokenizer() const {
  return BpeTokenizer::load(require(text_, "text encoder"));
}

ModelFolder::SeparatorFile ModelFolder::open_separator() const {
  const auto path = require(separator_, "separator");
  SeparatorFile file{Checkpoint::open(path), {}};
  const auto folder = fs::is_directory(path) ? path : path.parent_path();
  const auto side = folder / "config.json";
  file.config = models::derive_roformer_config(
      Weights(file.checkpoint), fs::exists(side) ? models::load_json(side) : nlohmann::json(),
      path.string());
  return file;
}

std::uint64_t ModelFolder::SeparatorFile::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& entry : checkpoint.entries()) sum += entry.bytes();
  return sum;
}

models::Roformer ModelFolder::load_separator(const LoadAs& as) const {
  auto file = open_separator();
  return models::bind_roformer(Weights(file.checkpoint, as.dtype, "", as.placer), file.config);
}

at::Tensor ModelFolder::load_silence() const {
  const auto file = require(dit_, "diffusion transformer") / "silence_latent.pt";
  const auto stored = load_torch_tensor(file).to(at::kFloat);
  const auto channels = dit_config().latent_channels;
  if (stored.dim() != 3 || stored.size(0) != 1 || stored.size(1) != channels ||
      stored.size(2) < 1) {
    fail(file, fmt::format("has shape {}, must be [1, {}, frames]", shape_text(stored.sizes()),
                           channels));
  }
  if (!at::isfinite(stored).all().item<bool>()) fail(file, "holds values that are not a number");
  return stored.transpose(1, 2).contiguous();
}

at::Tensor ModelFolder::load_null_condition() const {
  auto config = dit_config();
  auto checkpoint = Checkpoint::open(dit_);
  return Weights(checkpoint)("null_condition_emb", {1, 1, config.encoder.hidden});
}

}  // namespace headroom::studio
