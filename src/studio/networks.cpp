#include "studio/networks.h"

#include <fmt/format.h>

#include "base/error.h"
#include "studio/random_weights.h"

namespace headroom::studio {
namespace {

using memory::ComponentGroup;
using memory::Residency;

// Takes its lease and nothing else.
class NothingPlaced : public memory::Placement {
 public:
  void restore(memory::Device& /*device*/) override {}
  void drop() noexcept override {}
};

template <class Bind>
std::uint64_t count(Bind bind, at::ScalarType stored, at::ScalarType dtype, bool keep_narrow) {
  RecordingSource source(stored);
  CountingPlacer placer(keep_narrow);
  (void)bind(Weights(source, dtype, "", &placer));
  return placer.bytes();
}

template <class Network>
Part<Network> add(Residency& residency, const char* name, ComponentGroup group, std::uint64_t bytes,
                  std::function<Network(const LoadAs&)> load, at::ScalarType dtype,
                  bool keep_narrow = false) {
  auto placement = std::make_unique<NetworkPlacement<Network>>(
      [load = std::move(load), dtype](Placer& placer) {
        return load({dtype, &placer});
      },
      name, keep_narrow);
  auto* typed = placement.get();
  return {&residency.add(name, group, bytes, std::move(placement)), typed};
}

// The separator's file: kept mapped between separations, or opened and read anew for each.
class SeparatorSource {
 public:
  SeparatorSource(ModelFolder folder, bool keep, std::shared_ptr<std::uint64_t> bytes_read)
      : folder_(std::move(folder)), keep_(keep), bytes_read_(std::move(bytes_read)) {}

  models::Roformer load(const LoadAs& as) {
    if (!file_) {
      file_ = folder_.open_separator();
      *bytes_read_ += file_->bytes();
    }
    auto roformer =
        models::bind_roformer(Weights(file_->checkpoint, as.dtype, "", as.placer), file_->config);
    if (!keep_) file_.reset();
    return roformer;
  }

 private:
  ModelFolder folder_;
  bool keep_;
  std::shared_ptr<std::uint64_t> bytes_read_;
  std::optional<ModelFolder::SeparatorFile> file_;
};

}  // namespace

Precision parse_precision(const std::string& name) {
  if (name == "fp32") return Precision::fp32;
  if (name == "bf16") return Precision::bf16;
  throw Error(ErrorKind::usage,
              fmt::format("precision '{}' is unknown; it is fp32 or bf16", printable(name)));
}

at::ScalarType dtype_of(Precision precision) {
  return precision == Precision::bf16 ? at::kBFloat16 : at::kFloat;
}

std::uint64_t element_of(Precision precision) { return c10::elementSize(dtype_of(precision)); }

WeightSizes weight_sizes(const ModelConfigs& configs, Precision precision, ModelParts parts) {
  const auto dtype = dtype_of(precision);
  const auto of = [&](auto bind) { return count(bind, at::kBFloat16, dtype, false); };
  WeightSizes sizes{};
  if (parts == ModelParts::all) {
    sizes.dit = of([&](const Weights& w) { return models::bind_dit(w, configs.dit); });
    sizes.condition_encoder =
        of([&](const Weights& w) { return models::bind_condition_encoder(w, configs.dit); });
    sizes.semantics = of([&](const Weights& w) {
      return Semantics{models::bind_semantic_tokenizer(w, configs.dit),
                       models::bind_semantic_detokenizer(w, configs.dit)};
    });
    sizes.text_encoder =
        of([&](const Weights& w) { return models::bind_text_encoder(w, configs.text); });
  }
  if (parts != ModelParts::separator) {
    sizes.vae_encoder =
        of([&](const Weights& w) { return models::bind_oobleck_encoder(w, configs.vae); });
    sizes.vae_decoder =
        of([&](const Weights& w) { return models::bind_oobleck_decoder(w, configs.vae); });
  }
  if (configs.separator) {
    sizes.separator =
        count([&](const Weights& w) { return models::bind_roformer(w, *configs.separator); },
              configs.separator_stored, at::kFloat, true);
  }
  return sizes;
}

Networks::Networks(Residency& residency, const ModelFolder& folder, Precision precision,
                   NetworkChoice choice)
    : configs_(folder.configs(choice.parts)),
      precision_(precision),
      sizes_(weight_sizes(configs_, precision, choice.parts)) {
  if (choice.parts == ModelParts::all) {
    dit = add<models::Dit>(
        residency, "dit", ComponentGroup::stream, sizes_.dit,
        [folder, adapt = adapt_dit_](const LoadAs& as) {
          return folder.load_dit({as.dtype, as.placer, *adapt});
        },
        dtype_of(precision));
    add_conditioning(residency, folder);
  }
  if (choice.parts != ModelParts::separator) add_vae(residency, folder);
  if (!configs_.separator) return;
  auto source =
      std::make_shared<SeparatorSource>(folder, choice.cache_separator, separator_bytes_read_);
  separator = add<models::Roformer>(
      residency, "separator", ComponentGroup::separator, sizes_.separator,
      [source](const LoadAs& as) { return source->load(as); }, at::kFloat, /*keep_narrow=*/true);
}

void Networks::add_conditioning(Residency& residency, const ModelFolder& folder) {
  const auto dtype = dtype_of(precision_);
  text_encoder = add<models::TextEncoder>(
      residency, "text_encoder", ComponentGroup::conditioning, sizes_.text_encoder,
      [folder](const LoadAs& as) { return folder.load_text_encoder(as); }, dtype);
  condition_encoder = add<models::ConditionEncoder>(
      residency, "condition_encoder", ComponentGroup::conditioning, sizes_.condition_encoder,
      [folder](const LoadAs& as) { return folder.load_condition_encoder(as); }, dtype);
  semantics = add<Semantics>(
      residency, "semantic_tokenizer", ComponentGroup::conditioning, sizes_.semantics,
      [folder](const LoadAs& as) {
        return Semantics{folder.load_semantic_tokenizer(as), folder.load_semantic_detokenizer(as)};
      },
      dtype);
}

void Networks::add_vae(Residency& residency, const ModelFolder& folder) {
  const auto dtype = dtype_of(precision_);
  vae_decoder = add<models::OobleckDecoder>(
      residency, "vae_decoder", ComponentGroup::stream, sizes_.vae_decoder,
      [folder](const LoadAs& as) { return folder.load_vae_decoder(as); }, dtype);
  vae_encoder = add<models::OobleckEncoder>(
      residency, "vae_encoder", ComponentGroup::conditioning, sizes_.vae_encoder,
      [folder](const LoadAs& as) { return folder.load_vae_encoder(as); }, dtype);
}

Networks::Networks(Residency& residency, const ModelConfigs& configs, Precision precision,
                   const WeightSizes& sizes)
    : configs_(configs), precision_(precision), sizes_(sizes) {
  const auto dry = [&](const char* name, ComponentGroup group, std::uint64_t bytes) {
    return &residency.add(name, group, bytes, std::make_unique<NothingPlaced>());
  };
  dit.component = dry("dit", ComponentGroup::stream, sizes_.dit);
  vae_decoder.component = dry("vae_decoder", ComponentGroup::stream, sizes_.vae_decoder);
  text_encoder.component = dry("text_encoder", ComponentGroup::conditioning, sizes_.text_encoder);
  condition_encoder.component =
      dry("condition_encoder", ComponentGroup::conditioning, sizes_.condition_encoder);
  semantics.component = dry("semantic_tokenizer", ComponentGroup::conditioning, sizes_.semantics);
  vae_encoder.component = dry("vae_encoder", ComponentGroup::conditioning, sizes_.vae_encoder);
  if (configs_.separator)
    separator.component = dry("separator", ComponentGroup::separator, sizes_.separator);
}

memory::Component& Networks::require_separator() const {
  if (separator.component == nullptr)
    throw Error(ErrorKind::checkpoint, "the model has no separator; put one into MelBandRoFormer/");
  return *separator.component;
}

}  // namespace headroom::studio
