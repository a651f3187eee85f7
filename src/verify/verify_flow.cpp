// The arithmetic of denoising, without a network.
#include <fmt/format.h>

#include "diffusion/dcw.h"
#include "diffusion/generate.h"
#include "diffusion/guidance.h"
#include "diffusion/repaint.h"
#include "diffusion/schedule.h"
#include "diffusion/steps.h"
#include "verify/families.h"

namespace headroom::verify {
namespace {

using namespace diffusion;

// The file's inputs by their short names.
class Inputs {
 public:
  explicit Inputs(const Golden& golden) : golden_(golden) {}

  at::Tensor operator[](const std::string& name) const { return golden_.tensor("in." + name); }
  at::Tensor row(const std::string& name, std::int64_t b) const {
    const auto x = (*this)[name];
    return x.narrow(0, x.size(0) == 1 ? 0 : b, 1);
  }
  double time(const std::string& name, std::int64_t b) const {
    return (*this)[name][b].item<double>();
  }
  double number(const std::string& name) const {
    return field<double>(golden_.config(), name, golden_.label());
  }

 private:
  const Golden& golden_;
};

void add_schedules(const Golden& golden, Results& results) {
  const auto schedules = golden.metadata("schedules");
  for (size_t i = 0; i < schedules.size(); ++i) {
    results.add(fmt::format("out.schedule{}", i),
                at::tensor(timesteps(field<std::int64_t>(schedules[i], "steps", golden.label()),
                                     field<double>(schedules[i], "shift", golden.label()),
                                     field<double>(schedules[i], "denoise", golden.label())),
                           at::kDouble));
  }
}

// What is done to every row at its own times.
void add_steps(const Golden& golden, const Inputs& in, Results& results) {
  Workspace ws;
  using Step = std::function<at::Tensor(std::int64_t b, double t, double t_next)>;
  const auto add = [&](const std::string& name, const Step& step) {
    if (!golden.has(name)) return;
    std::vector<at::Tensor> rows;
    for (std::int64_t b = 0; b < in["xt"].size(0); ++b)
      rows.push_back(step(b, in.time("t_curr", b), in.time("t_next", b)));
    results.add(name, at::cat(rows));
  };
  const auto x0 = [&](std::int64_t b, double t) {
    return clean_estimate(ws, in.row("xt", b), in.row("v", b), t);
  };
  add("out.x0", [&](auto b, double t, double) { return x0(b, t); });
  add("out.ode", [&](auto b, double t, double next) {
    return euler_step(ws, in.row("xt", b), in.row("v", b), t, next);
  });
  add("out.ode_scaled_noised", [&](auto b, double t, double next) {
    const auto v = scaled(ws, in.row("v", b), in.row("velocity_scale", b));
    return add_noise(ws, euler_step(ws, in.row("xt", b), v, t, next), in.row("eps", b),
                     in.row("ode_noise_curve", b), next);
  });
  add("out.sde", [&](auto b, double t, double next) {
    return sde_step(ws, x0(b, t), in.row("eps", b), next);
  });
  add("out.sde_curve", [&](auto b, double t, double next) {
    return sde_step(ws, x0(b, t), in.row("source", b), in.row("eps", b), in.row("sde_curve", b),
                    next);
  });
  add("out.init_partial", [&](auto b, double t, double) {
    return mix_noise(ws, in.row("init_noise", b), in.row("source", b), t);
  });
  add("out.init_curve", [&](auto b, double, double) {
    return mix_noise(ws, in.row("init_noise", b), in.row("source", b),
                     in.row("initial_noise_curve", b));
  });
  add("out.x0_target", [&](auto b, double t, double) {
    return blend_target(ws, x0(b, t), in.row("x0_target", b), in.row("x0_target_curve", b));
  });
  add("out.mask_pre", [&](auto b, double t, double) {
    return mask_noisy(ws, in.row("xt", b), in.row("source", b), in.row("mask_noise", b),
                      in.row("latent_mask", b), t);
  });
  add("out.mask_post_x0", [&](auto b, double t, double) {
    return mask_clean(ws, x0(b, t), in.row("source", b), in.row("latent_mask", b));
  });
}

void add_single_rows(const Golden& golden, const Inputs& in, Results& results) {
  Workspace ws;
  if (golden.has("out.velocity_blend")) {
    const std::vector<WeightedVelocity> parts{{in.row("v", 0), {}},
                                              {in.row("eps", 0), in["sde_curve"]}};
    results.add("out.velocity_blend", blend_velocities(ws, parts));
  }
  if (golden.has("out.repaint_inject")) {
    results.add("out.repaint_inject",
                repaint_inject(in.row("xt", 0), in.row("source", 0), in.row("eps", 0),
                               in["repaint_mask"], in.time("t_next", 0)));
  }
  if (golden.has("out.repaint_blend")) {
    results.add("out.repaint_blend",
                repaint_blend(in.row("xt", 0), in.row("source", 0), in["repaint_mask"],
                              static_cast<std::int64_t>(in.number("repaint_crossfade_frames"))));
  }
}

// Calls in a row that share one running average.
void add_guidance(const Golden& golden, const Inputs& in, Results& results) {
  if (!golden.has("in.apg_cond0")) return;
  if (in.number("apg_dim") != 1) {
    throw Error(ErrorKind::input,
                golden.label() + ": apg_dim is not 1; guidance runs along time only");
  }
  const ApgSettings settings{.momentum = in.number("apg_momentum"),
                             .norm_threshold = in.number("apg_norm_threshold"),
                             .eta = in.number("apg_eta")};
  Workspace ws;
  Apg scalar(settings);
  Apg curve(settings);
  for (int k = 0; golden.has(fmt::format("in.apg_cond{}", k)); ++k) {
    const auto with = in[fmt::format("apg_cond{}", k)];
    const auto without = in[fmt::format("apg_uncond{}", k)];
    const auto guided = scalar.guide(ws, with, without, in.number("guidance_scale"));
    results.add(fmt::format("out.apg{}", k), guided);
    if (golden.has("in.guidance_curve")) {
      results.add(fmt::format("out.apg_curve{}", k),
                  curve.guide(ws, with, without, in["guidance_curve"]));
    }
    if (golden.config().contains("cfg_rescale")) {
      results.add(fmt::format("out.cfg_rescale{}", k),
                  rescale_guidance(ws, guided, with, in.number("cfg_rescale")));
    }
  }
}

void add_dcw(const Golden& golden, const Inputs& in, Results& results) {
  const std::map<std::string, DcwMode> modes{{"low", DcwMode::low},
                                             {"high", DcwMode::high},
                                             {"double", DcwMode::both},
                                             {"pix", DcwMode::pixel}};
  for (const auto& [mode_name, mode] : modes) {
    for (const char* form : {"even", "odd", "curve"}) {
      const auto name = fmt::format("out.dcw_{}_{}", mode_name, form);
      if (!golden.has(name)) continue;
      const bool curve = std::string_view(form) == "curve";
      DcwSettings settings{.mode = mode};
      // The notes of the file say so: a curve goes with a second scaler of 0.1, at another time.
      settings.scaler = curve ? Curve(in["dcw_curve"]) : Curve(in.number("dcw_scaler"));
      settings.high_scaler = curve ? 0.1 : in.number("dcw_high_scaler");
      const auto frames = golden.tensor(name).size(1);
      Workspace ws;
      results.add(name, correct(ws, settings, in["xt"].narrow(1, 0, frames),
                                in["v"].narrow(1, 0, frames), in.time("t_curr", curve ? 2 : 1)));
    }
  }
}

// Whole generations over the velocity field x·Aᵀ + b.
void add_trajectories(const Golden& golden, const Inputs& in, Results& results) {
  if (!golden.has("in.field_A") || !golden.has("out.schedule0")) return;
  const auto matrix = in["field_A"].t();
  const auto offset = in["field_b"];
  const auto& schedule = results.tensors.at("out.schedule0").value;
  Generation generation;
  generation.times = {schedule.data_ptr<double>(), schedule.data_ptr<double>() + schedule.numel()};
  generation.noise = in.row("init_noise", 0);
  const auto velocity = [&](const at::Tensor& x, double) { return at::matmul(x, matrix) + offset; };
  results.add("out.trajectory_ode", generate(generation, velocity));
  if (!golden.has("in.trajectory_sde_noise")) return;
  generation.method = Method::sde;
  generation.fresh_noise = [&](std::int64_t k) {
    return in["trajectory_sde_noise"].narrow(0, k, 1);
  };
  results.add("out.trajectory_sde", generate(generation, velocity));
}

}  // namespace

void verify_flow_step(Golden& golden, Results& results) {
  const Inputs in(golden);
  add_schedules(golden, results);
  add_steps(golden, in, results);
  add_single_rows(golden, in, results);
  add_guidance(golden, in, results);
  add_dcw(golden, in, results);
  add_trajectories(golden, in, results);
}

}  // namespace headroom::verify
