// The diffusion transformer: one forward pass, with equal and with different times.
#include "models/dit.h"
#include "verify/families.h"

namespace headroom::verify {

void verify_dit_forward(Golden& golden, Results& results) {
  const auto config = models::parse_acestep_config(golden.config(), golden.label());
  const auto dit = models::bind_dit(Weights(golden), config);
  const auto x = golden.tensor("in.hidden_states");
  const auto context = golden.tensor("in.context_latents");
  const auto states = golden.tensor("in.encoder_hidden_states");
  const auto t = golden.tensor("in.timestep");
  const auto condition = models::prepare_condition(dit, states);

  results.add("mid.condition_embedded", dit.condition_embedder(states));
  const auto rope = rope_table((x.size(1) + config.patch - 1) / config.patch,
                               config.decoder.head_dim, config.rope_theta, at::kFloat);
  results.add("mid.rope_cos", at::cat({rope.cos, rope.cos}, 1));
  results.add("mid.rope_sin", at::cat({rope.sin, rope.sin}, 1));
  results.add("out.velocity", models::velocity(dit, x, context, t, condition));
  if (golden.has("in.timestep_r")) {
    results.add("out.velocity_t_ne_r",
                models::velocity(dit, x, context, t, condition, golden.tensor("in.timestep_r")));
  }
}

}  // namespace headroom::verify
