#include "studio/loras.h"

#include <algorithm>

#include "diffusion/lora_targets.h"
#include "memory/caching_pool.h"
#include "studio/random_weights.h"

namespace headroom::studio {
namespace {

constexpr std::string_view kDecoder = "decoder.";

// Names and shapes of all targets, from the network's own binding.
diffusion::LoraShapes target_shapes(const models::AceStepConfig& config) {
  RecordingSource source;
  auto dit = models::bind_dit(Weights(source), config);
  diffusion::LoraShapes shapes;
  for (const auto& [name, target] : diffusion::lora_targets(dit, source))
    shapes[name] = target.weight->sizes().vec();
  return shapes;
}

// Targets that are known by name alone, until the network is there.
std::map<std::string, diffusion::LoraTarget> absent_targets(const diffusion::LoraShapes& shapes) {
  std::map<std::string, diffusion::LoraTarget> targets;
  for (const auto& [name, shape] : shapes) targets[name] = {};
  return targets;
}

class MergeTask : public memory::Task {
 public:
  MergeTask(diffusion::LoraStack& stack, const Networks& networks, memory::TaskInfo info,
            std::uint64_t workspace)
      : stack_(stack), networks_(networks), info_(std::move(info)), workspace_(workspace) {}

  const memory::TaskInfo& info() const override { return info_; }
  std::optional<memory::Step> next() override {
    if (stack_.waiting() == 0) return std::nullopt;
    return memory::Step{"merge LoRA", {networks_.dit.component}, {{1, workspace_}}};
  }
  void run(const memory::StepContext& /*context*/) override { stack_.merge_some(kMergesPerStep); }

 private:
  diffusion::LoraStack& stack_;
  const Networks& networks_;
  memory::TaskInfo info_;
  std::uint64_t workspace_;
};

}  // namespace

Loras::Loras(Networks& networks, const ModelFolder& folder)
    : networks_(networks),
      checkpoint_(folder.open_dit()),
      shapes_(target_shapes(networks.configs().dit)),
      stack_(absent_targets(shapes_)) {
  networks.adapt_dit([this](const std::string& name, const at::Tensor& stored) {
    if (!name.starts_with(kDecoder)) return stored;
    const auto target = name.substr(kDecoder.size());
    return stack_.touched(target) ? stack_.merged(target, stored.to(at::kFloat)) : stored;
  });
  networks.dit.placement->restored = [this](models::Dit& dit, memory::Device& device) {
    auto targets = diffusion::lora_targets(dit, checkpoint_);
    const auto dtype = dtype_of(networks_.precision());
    for (auto& [name, target] : targets) {
      target.place = [&device, dtype](const at::Tensor& whole) {
        return device.to_device(whole, dtype, "merge LoRA");
      };
    }
    stack_.rebind(std::move(targets), /*merged=*/true);
  };
}

Loras::~Loras() {
  networks_.adapt_dit({});
  networks_.dit.placement->restored = nullptr;
}

std::unique_ptr<memory::Task> Loras::merge_task(memory::TaskInfo info) {
  std::uint64_t largest = 0;
  for (const auto& [name, shape] : shapes_) {
    largest = std::max(largest, memory::CachingPool::rounded(
                                    static_cast<std::uint64_t>(c10::multiply_integers(shape)) *
                                    element_of(networks_.precision())));
  }
  return std::make_unique<MergeTask>(stack_, networks_, std::move(info), largest);
}

}  // namespace headroom::studio
