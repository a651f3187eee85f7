// Every network of a model as a component of the device: one copy per process, whoever uses it.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "memory/residency.h"
#include "studio/model_folder.h"
#include "studio/placement.h"

namespace headroom::studio {

enum class Precision { fp32, bf16 };
/// Throws Error(usage) naming the choices for another word than fp32, bf16.
Precision parse_precision(const std::string& name);
at::ScalarType dtype_of(Precision precision);
std::uint64_t element_of(Precision precision);

/// Tokenizer and detokenizer are always used one after the other.
struct Semantics {
  models::SemanticTokenizer tokenizer;
  models::SemanticDetokenizer detokenizer;
};

/// A network and the component that it is.
template <class Network>
struct Part {
  memory::Component* component = nullptr;
  NetworkPlacement<Network>* placement = nullptr;

  /// Only in a step that needs the component.
  const Network& operator*() const { return placement->network(); }
  const Network* operator->() const { return &placement->network(); }
};

/// Bytes of each network's weights on the device. Bounds: exact but for the pool's rounding.
struct WeightSizes {
  std::uint64_t dit, vae_decoder, text_encoder, condition_encoder, semantics, vae_encoder,
      separator;
};
WeightSizes weight_sizes(const ModelConfigs& configs, Precision precision,
                         ModelParts parts = ModelParts::all);

/// Which networks of a model become components.
struct NetworkChoice {
  ModelParts parts = ModelParts::all;
  /// The separator's file stays in memory between separations; without, it is read anew each time.
  bool cache_separator = true;
};

/// The separator computes in fp32 whatever the precision; its 16-bit weights stay 16-bit on the
/// device. Immutable after construction.
class Networks {
 public:
  /// From a folder of checkpoints.
  Networks(memory::Residency& residency, const ModelFolder& folder, Precision precision,
           NetworkChoice choice = {});
  /// Sizes alone: components that take their leases and nothing of a device. For plans.
  Networks(memory::Residency& residency, const ModelConfigs& configs, Precision precision,
           const WeightSizes& sizes);

  /// What the diffusion transformer's parameters go through before they are placed, from the next
  /// restore on. Executor's thread, or before anything runs.
  void adapt_dit(std::function<at::Tensor(const std::string&, const at::Tensor&)> adapt) {
    *adapt_dit_ = std::move(adapt);
  }

  const ModelConfigs& configs() const { return configs_; }
  Precision precision() const { return precision_; }
  const WeightSizes& sizes() const { return sizes_; }

  Part<models::Dit> dit;
  Part<models::OobleckDecoder> vae_decoder;
  Part<models::TextEncoder> text_encoder;
  Part<models::ConditionEncoder> condition_encoder;
  Part<Semantics> semantics;
  Part<models::OobleckEncoder> vae_encoder;
  Part<models::Roformer> separator;  // no component where the model has none, or was not chosen

  /// Throws Error(checkpoint) where the model has none.
  memory::Component& require_separator() const;
  /// Bytes of separator weights that came from disk so far.
  std::uint64_t separator_bytes_read() const { return *separator_bytes_read_; }

 private:
  void add_conditioning(memory::Residency& residency, const ModelFolder& folder);
  void add_vae(memory::Residency& residency, const ModelFolder& folder);

  ModelConfigs configs_;
  Precision precision_;
  WeightSizes sizes_;
  std::shared_ptr<std::function<at::Tensor(const std::string&, const at::Tensor&)>> adapt_dit_ =
      std::make_shared<std::function<at::Tensor(const std::string&, const at::Tensor&)>>();
  std::shared_ptr<std::uint64_t> separator_bytes_read_ = std::make_shared<std::uint64_t>(0);
};

}  // namespace headroom::studio
