#include "train/recipes/dit_start.h"

#include <cmath>
#include <string>

#include "models/dit.h"

namespace headroom::train {
namespace {

constexpr double kFirstGate = 0.5;    // of every branch: all layers learn from the first step on
constexpr double kQuietBranch = 0.1;  // gain of what branches end with, against what was drawn
constexpr double kSpill = 0.1;        // of what was drawn, where the guess must not be disturbed
constexpr std::int64_t kFree = 96;    // channels of the stream that carry no x_t
constexpr double kFastest = 0.02;     // rate of a sinusoid (time_sinusoid()) that counts as slow

at::Tensor values_of(const Parameters& parameters, const std::string& name) {
  return parameters.all().at(name).detach().clone();
}

void scale(Parameters& parameters, const std::string& name, double by) {
  parameters.set(name, values_of(parameters, name) * by);
}

void quiet_layers(Parameters& parameters) {
  for (const auto& [name, tensor] : parameters.all()) {
    const bool branch = name.ends_with("o_proj.weight") || name.ends_with("down_proj.weight");
    if (!name.starts_with("decoder.layers.")) continue;
    if (branch) scale(parameters, name, kQuietBranch);
    if (!name.ends_with("scale_shift_table")) continue;
    auto table = values_of(parameters, name);
    for (const std::int64_t gate : {2, 5}) table.select(1, gate).add_(kFirstGate);
    parameters.set(name, table);
  }
}

// Orthonormal columns [rows, columns], each of which sums to zero: what is added to all rows alike
// does not come back through the transpose.
at::Tensor rotation(const at::Tensor& drawn) {
  return std::get<0>(at::linalg_qr(drawn - drawn.mean(0, /*keepdim=*/true)));
}

// Lets the first `carrying` outputs of the time embedding be a(t) − 1, which the last modulation
// adds to one.
void teach_time(Parameters& parameters, double power, std::int64_t carrying) {
  const std::string at = "decoder.time_embed.linear_";
  auto first = values_of(parameters, at + "1.weight");
  const auto half = first.size(1) / 2;
  const auto fast =
      at::exp(at::arange(half) * (-std::log(1e4) / static_cast<double>(half))) > kFastest;
  first.mul_(1.0 - at::cat({fast, fast}).to(at::kFloat) * (1.0 - kSpill));
  parameters.set(at + "1.weight", first);

  const auto t = at::linspace(0.002, 1.0, 500);
  const auto hidden = at::silu(
      at::linear(models::time_sinusoid(t), first, parameters.all().at(at + "1.bias").detach()));
  const auto features = at::cat({hidden, at::ones({t.size(0), 1})}, 1).to(at::kDouble);
  const auto wanted = (wiener_velocity(t, power) - 1.0).to(at::kDouble);
  // Ridge: weights stay of the size of drawn ones.
  const auto normal = features.t().matmul(features) + 0.01 * at::eye(features.size(1), at::kDouble);
  const auto solution = at::linalg_solve(normal, features.t().matmul(wanted)).to(at::kFloat);
  auto second = values_of(parameters, at + "2.weight");
  auto bias = values_of(parameters, at + "2.bias");
  second.narrow(0, 0, carrying).copy_(solution.narrow(0, 0, hidden.size(1)).expand({carrying, -1}));
  bias.narrow(0, 0, carrying).fill_(solution[-1]);
  parameters.set(at + "2.weight", second);
  parameters.set(at + "2.bias", bias);
  // The second time is t - t always: silent at first.
  scale(parameters, "decoder.time_embed_r.linear_2.weight", 0.0);
  scale(parameters, "decoder.time_embed_r.linear_2.bias", 0.0);
  scale(parameters, "decoder.scale_shift_table", 0.0);
}

}  // namespace

at::Tensor wiener_velocity(const at::Tensor& t, double power) {
  const auto rest = 1.0 - t;
  return (t - rest * power) / (t.square() + rest.square() * power);
}

bool begin_as_linear_denoiser(Parameters& parameters, const models::AceStepConfig& config,
                              double power) {
  const at::NoGradGuard no_grad;
  quiet_layers(parameters);
  const auto channels = config.latent_channels;
  const auto patch = config.patch;
  const auto hidden = config.decoder.hidden;
  const auto carrying = hidden - kFree;
  if (carrying <= channels * patch) return false;

  auto in = values_of(parameters, "decoder.proj_in.1.weight");    // [H, 3C, patch]
  auto out = values_of(parameters, "decoder.proj_out.1.weight");  // [H, C, patch]
  const auto turned =
      rotation(in.narrow(0, 0, carrying).narrow(1, 2 * channels, channels).flatten(1));
  const auto carried = turned.view({carrying, channels, patch});
  in.narrow(0, 0, carrying).narrow(1, 0, 2 * channels).mul_(kSpill);
  in.narrow(0, 0, carrying).narrow(1, 2 * channels, channels).copy_(carried);
  in.narrow(0, carrying, kFree).narrow(1, 2 * channels, channels).mul_(kSpill);
  in.narrow(1, channels, channels).mul_(kSpill);  // the mask is always one
  parameters.set("decoder.proj_in.1.weight", in);
  // The norm divides by the length of the stream, most of which is x_t's.
  const double length = std::sqrt(static_cast<double>(channels * patch) * (1.0 + power) / 2.0 /
                                  static_cast<double>(hidden));
  out.mul_(kSpill);
  out.narrow(0, 0, carrying).copy_(carried * length);
  parameters.set("decoder.proj_out.1.weight", out);
  teach_time(parameters, power, carrying);
  return true;
}

}  // namespace headroom::train
