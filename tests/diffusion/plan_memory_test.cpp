// Memory is taken once for a plan, not again for every tick.
#include <atomic>
#include <deque>
#include <functional>

#include <c10/core/CPUAllocator.h>
#include <gtest/gtest.h>

#include "diffusion/ring.h"
#include "toy_field.h"

namespace headroom::diffusion {
namespace {

// Numbers of their own (a scalar that meets a tensor) are smaller than this; tensors of a
// generation are larger.
constexpr std::size_t kSmallest = 256;

// Counts what ATen allocates on the CPU.
class Counter : public c10::Allocator {
 public:
  explicit Counter(c10::Allocator& below) : below_(below) {}
  c10::DataPtr allocate(std::size_t bytes) const override {
    if (bytes >= kSmallest) ++count;
    return below_.allocate(bytes);
  }
  c10::DeleterFnPtr raw_deleter() const override { return below_.raw_deleter(); }

  mutable std::atomic<int> count{0};

 private:
  c10::Allocator& below_;
};

class CountAllocations {
 public:
  CountAllocations() : below_(c10::GetCPUAllocator()), counter_(*below_) {
    c10::SetCPUAllocator(&counter_, kPriority);
  }
  ~CountAllocations() { c10::SetCPUAllocator(below_, kPriority); }
  int count() const { return counter_.count; }

 private:
  static constexpr std::uint8_t kPriority = 255;
  c10::Allocator* below_;
  Counter counter_;
};

// Hands out velocities that were there before: a network that takes nothing.
class Prepared final : public Denoiser {
 public:
  explicit Prepared(std::int64_t frames) : velocity_(draw(1, {1, frames, 4})) {}
  void velocities(std::span<const Row> rows, std::vector<at::Tensor>& velocities) override {
    for (size_t i = 0; i < rows.size(); ++i) velocities.push_back(velocity_);
  }

 private:
  at::Tensor velocity_;
};

constexpr std::int64_t kFrames = 100;

struct Feature {
  const char* name;
  std::function<void(Request&)> add;
};

void expect_steady(const Feature& feature, RingSettings settings) {
  Prepared denoiser(kFrames);
  Ring ring(denoiser, settings);
  // What a session keeps: one request that it sends again and again, a few latents of history.
  auto request = toy_request(3, 0.7, kFrames);
  feature.add(request);
  std::deque<at::Tensor> history;
  const auto tick = [&](std::uint64_t seed) {
    request.seed = seed;
    (void)ring.submit(request);
    if (auto finished = ring.tick()) history.push_front(finished->latent);
    if (history.size() > 8) history.pop_back();
  };
  for (std::uint64_t i = 0; i < 60; ++i) tick(i);
  const auto tensors = ring.workspace().count();
  const CountAllocations counted;
  for (std::uint64_t i = 60; i < 160; ++i) tick(i);
  EXPECT_EQ(counted.count(), 0) << feature.name;
  EXPECT_EQ(ring.workspace().count(), tensors) << feature.name;
}

TEST(PlanMemory, ASteadyRingTakesNoMore) {
  const auto original = draw(5, {1, kFrames, 4});
  const Condition other{draw(6, {1, 3, 3}), at::ones({1, 3}), Curve(at::rand({kFrames}))};
  const Curve curve(at::rand({kFrames}));
  const Feature features[] = {
      {"plain", [](Request&) {}},
      {"curves",
       [&](Request& r) {
         r.velocity_scale = curve;
         r.ode_noise = curve;
         r.initial_noise = curve;
       }},
      {"sde", [&](Request& r) { r.sde_denoise = curve; }},
      {"mask", [&](Request& r) { r.mask = {.mask = curve, .original = original}; }},
      {"target",
       [&](Request& r) {
         r.target.latent = original;
         r.target.curve = curve;
       }},
      {"conditions", [&](Request& r) { r.conditions.push_back(other); }},
      {"guidance",
       [&](Request& r) {
         r.guidance.scale = curve;
         r.guidance.negatives = {other};
         r.guidance.rescale = 0.5;
       }},
  };
  for (const auto& feature : features) {
    for (const auto wavelet : {Wavelet::haar, Wavelet::db4}) {
      auto settings = toy_settings(4);
      settings.controls.dcw = DcwSettings{.wavelet = wavelet};
      settings.controls.dcw->advanced.mult_blend = wavelet == Wavelet::haar ? 0.0 : 0.5;
      expect_steady(feature, settings);
    }
  }
}

TEST(PlanMemory, TheCounterCounts) {
  const CountAllocations counted;
  const auto x = at::empty({100});
  EXPECT_EQ(counted.count(), 1);
}

TEST(Workspace, HandsOutOnlyWhatNobodyHolds) {
  Workspace workspace;
  auto a = workspace.take({2, 3});
  const auto view = a.narrow(0, 0, 1);
  const auto* const memory = a.data_ptr();
  a = at::Tensor();
  EXPECT_NE(workspace.take({2, 3}).data_ptr(), memory) << "a view still holds it";
  EXPECT_EQ(workspace.count(), 2U);
  (void)workspace.take({2, 3}, at::kDouble);
  (void)workspace.take({3, 2});
  EXPECT_EQ(workspace.count(), 4U);
  workspace.trim();
  EXPECT_EQ(workspace.count(), 1U) << "the one with a view";
}

}  // namespace
}  // namespace headroom::diffusion
