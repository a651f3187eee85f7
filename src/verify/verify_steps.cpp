// The arithmetic of one step, in fp32 and bf16.
#include <fmt/format.h>

#include "diffusion/steps.h"
#include "verify/families.h"

namespace headroom::verify {
namespace {

using namespace diffusion;

// The primitives of one step in one dtype; every tensor of the file's `in.{dtype}.` by short name.
class StepCases {
 public:
  StepCases(const Golden& golden, std::string dtype, Results& results)
      : golden_(golden), dtype_(std::move(dtype)), results_(results) {
    t_ = field<double>(golden.config(), "t_curr", golden.label());
    t_next_ = field<double>(golden.config(), "t_next", golden.label());
  }

  void run() {
    add_steps();
    add_masks();
    add_blends();
  }

 private:
  at::Tensor in(const std::string& name) const {
    return golden_.tensor(fmt::format("in.{}.{}", dtype_, name));
  }
  // A mask or weight of shape [T], [B, T] or [B, T, 1] as the last.
  at::Tensor per_frame(const std::string& name) const {
    const auto x = in(name);
    return x.dim() == 1 ? x.view({1, -1, 1}) : x.dim() == 2 ? x.unsqueeze(2) : x;
  }
  void add(const std::string& name, const at::Tensor& value) {
    Rule rule{.absolute = 2e-6, .relative = 1e-5};
    if (dtype_ != "f32")
      rule = {.absolute = 0.016, .relative = 0.016};
    else if (name == "bv.neg")
      rule.relative = 1e-4;
    results_.add(fmt::format("out.{}.{}", dtype_, name), value, rule);
  }

  void add_steps() {
    const auto x = in("xt");
    const auto v = in("vt");
    const auto x0 = in("x0");
    const auto noise = in("noise");
    add("x0_from_vel", clean_estimate(ws_, x, v, t_));
    add("blend_x0", blend_target(ws_, x0, in("tgt"), in("cur")));
    add("euler_plain", euler_step(ws_, x, v, t_, t_next_));
    add("euler_vs", euler_step(ws_, x, scaled(ws_, v, in("vs")), t_, t_next_));
    add("euler_vs_onc", add_noise(ws_, euler_step(ws_, x, scaled(ws_, v, in("vs")), t_, t_next_),
                                  noise, in("onc"), t_next_));
    add("sde_renoise", sde_step(ws_, x0, noise, t_next_));
    add("sde_renoise_t0", sde_step(ws_, x0, noise, 0.0));
    add("sde_curve", sde_step(ws_, x0, in("src"), noise, in("sdc"), t_next_));
    add("sde_curve_t0", sde_step(ws_, x0, in("src"), noise, in("sdc"), 0.0));
  }

  void add_mask(const std::string& name, const at::Tensor& mask) {
    add("mask_pre." + name, mask_noisy(ws_, in("xt"), in("src"), in("noise"), mask, t_));
    add("mask_post." + name, mask_clean(ws_, in("x0"), in("src"), mask));
  }

  void add_masks() {
    const auto prefix = fmt::format("in.{}.mask.", dtype_);
    for (const auto& name : golden_.names(prefix)) {
      const auto mask = name.substr(prefix.size());
      add_mask(mask, per_frame("mask." + mask));
    }
    // A strength that falls over the steps: 1 − step / (2 · total), as the file's config says.
    const auto faded = fmt::format("out.{}.mask_pre.fn.step", dtype_);
    const auto total = golden_.config().value("mask_total", 8.0);
    for (const auto& name : golden_.names(faded)) {
      const auto step = name.substr(faded.size());
      add_mask("fn.step" + step,
               per_frame("mask.m1") * (1.0 - 0.5 * std::atof(step.c_str()) / total));
    }
  }

  void add_blends() {
    const auto v = [&](int i) { return in(fmt::format("bv.v{}", i)); };
    const auto w = [&](int i) { return per_frame(fmt::format("bv.w{}", i)); };
    const auto blend = [&](const char* name, const std::vector<WeightedVelocity>& parts) {
      add(name, blend_velocities(ws_, parts));
    };
    const auto zero = at::zeros_like(w(0));
    blend("bv.none_none", {{v(0), {}}, {v(1), {}}});
    blend("bv.none_w1", {{v(0), {}}, {v(1), w(1)}});
    blend("bv.w01", {{v(0), w(0)}, {v(1), w(1)}});
    blend("bv.w012", {{v(0), w(0)}, {v(1), w(1)}, {v(2), w(2)}});
    blend("bv.zero_zero", {{v(0), zero}, {v(1), zero}});
    blend("bv.neg", {{v(0), per_frame("bv.wneg")}, {v(1), w(1)}});
  }

  const Golden& golden_;
  std::string dtype_;
  Results& results_;
  Workspace ws_;
  double t_;
  double t_next_;
};

}  // namespace

void verify_steps(Golden& golden, Results& results) {
  for (const char* dtype : {"f32", "bf16"}) {
    if (golden.has(fmt::format("in.{}.xt", dtype))) StepCases(golden, dtype, results).run();
  }
}

}  // namespace headroom::verify
