// Made from src/wire/protocol.json by tools/wire. Do not edit.
// clang-format off
#include "wire/knobs.h"

namespace headroom::wire {

const std::vector<Knob>& knobs() {
  static const std::vector<Knob> all{
      {"denoise", false, KnobType::number, "core", SamplerOnly::ode, 0.0, 0, 1, 0.05, 2.0, {}, "How far from the source; 0 is the source."},
      {"sde_amp", false, KnobType::number, "core", SamplerOnly::sde, 0.0, 0, 1, 0.05, 2.0, {}, "Amplitude of the stochastic curve."},
      {"periodicity", false, KnobType::number, "core", SamplerOnly::sde, 0.0, 0, 12.5, 0.5, 2.0, {}, "Cycles per second of the stochastic curve."},
      {"seed", false, KnobType::integer, "core", SamplerOnly::any, 0, 0, 4294967295, 1, 0.5, {}, "Of the noise."},
      {"feedback", false, KnobType::number, "core", SamplerOnly::any, 0.0, 0, 1, 0.05, 2.0, {}, "How much of an earlier result goes into the source."},
      {"feedback_depth", false, KnobType::integer, "core", SamplerOnly::any, 1, 1, 8, 1, 4.0, {}, "Which earlier result."},
      {"shift", false, KnobType::number, "core", SamplerOnly::any, 3.5, 1, 6, 0.5, 1.0, {}, "Of the schedule toward noise."},
      {"hint_strength", false, KnobType::number, "core", SamplerOnly::any, 1.0, 0, 1, 0.05, 2.0, {}, "How much of the structure is kept."},
      {"steps_override", false, KnobType::integer, "core", SamplerOnly::any, 8, 1, 16, 1, 0, {}, "Diffusion steps; a change rebuilds the pipeline."},
      {"x0_target", false, KnobType::number, "core", SamplerOnly::any, 0.0, 0, 1, 0.05, 2.0, {}, "Pull toward the source latent."},
      {"lora_str_", true, KnobType::number, "core", SamplerOnly::any, 0.0, 0, 2, 0.2, 2.0, {}, "Strength of the LoRA whose id follows."},
      {"ch_g0", false, KnobType::number, "groups", SamplerOnly::any, 1.0, 0, 3, 0.15, 1.5, {}, "Gain of latent channels 0 to 7."},
      {"ch_g1", false, KnobType::number, "groups", SamplerOnly::any, 1.0, 0, 3, 0.15, 1.5, {}, "Gain of latent channels 8 to 15."},
      {"ch_g2", false, KnobType::number, "groups", SamplerOnly::any, 1.0, 0, 3, 0.15, 1.5, {}, "Gain of latent channels 16 to 23."},
      {"ch_g3", false, KnobType::number, "groups", SamplerOnly::any, 1.0, 0, 3, 0.15, 1.5, {}, "Gain of latent channels 24 to 31."},
      {"ch_g4", false, KnobType::number, "groups", SamplerOnly::any, 1.0, 0, 3, 0.15, 1.5, {}, "Gain of latent channels 32 to 39."},
      {"ch_g5", false, KnobType::number, "groups", SamplerOnly::any, 1.0, 0, 3, 0.15, 1.5, {}, "Gain of latent channels 40 to 47."},
      {"ch_g6", false, KnobType::number, "groups", SamplerOnly::any, 1.0, 0, 3, 0.15, 1.5, {}, "Gain of latent channels 48 to 55."},
      {"ch_g7", false, KnobType::number, "groups", SamplerOnly::any, 1.0, 0, 3, 0.15, 1.5, {}, "Gain of latent channels 56 to 63."},
      {"ch13", false, KnobType::number, "keystones", SamplerOnly::any, 1.0, 0, 3, 0.15, 1.5, {}, "Gain of latent channel 13, beside its group's."},
      {"ch14", false, KnobType::number, "keystones", SamplerOnly::any, 1.0, 0, 3, 0.15, 1.5, {}, "Gain of latent channel 14."},
      {"ch19", false, KnobType::number, "keystones", SamplerOnly::any, 1.0, 0, 3, 0.15, 1.5, {}, "Gain of latent channel 19."},
      {"ch23", false, KnobType::number, "keystones", SamplerOnly::any, 1.0, 0, 3, 0.15, 1.5, {}, "Gain of latent channel 23."},
      {"ch29", false, KnobType::number, "keystones", SamplerOnly::any, 1.0, 0, 3, 0.15, 1.5, {}, "Gain of latent channel 29."},
      {"ch56", false, KnobType::number, "keystones", SamplerOnly::any, 1.0, 0, 3, 0.15, 1.5, {}, "Gain of latent channel 56."},
      {"guidance_scale", false, KnobType::number, "guidance", SamplerOnly::any, 1.0, 1, 15, 0.5, 0, {}, "Only while rcfg_mode is not off."},
      {"cfg_rescale", false, KnobType::number, "guidance", SamplerOnly::any, 0.0, 0, 1, 0.05, 0, {}, "Only while rcfg_mode is not off."},
      {"rcfg_mode", false, KnobType::choice, "guidance", SamplerOnly::any, "off", 0, 0, 0, 0, {"off", "self", "initialize", "full"}, "Kind of guidance."},
      {"dcw_enabled", false, KnobType::flag, "dcw", SamplerOnly::any, true, 0, 0, 0, 0, {}, "Wavelet correction."},
      {"dcw_mode", false, KnobType::choice, "dcw", SamplerOnly::any, "double", 0, 0, 0, 0, {"low", "high", "double", "pix"}, "Bands that are corrected."},
      {"dcw_wavelet", false, KnobType::choice, "dcw", SamplerOnly::any, "haar", 0, 0, 0, 0, {"haar", "db4", "sym8", "db8"}, "Wavelet of the correction."},
      {"dcw_scaler", false, KnobType::number, "dcw", SamplerOnly::any, 0.05, 0, 0.5, 0.02, 0, {}, "Correction of the low band."},
      {"dcw_high_scaler", false, KnobType::number, "dcw", SamplerOnly::any, 0.02, 0, 0.5, 0.02, 0, {}, "Correction of the high band."},
      {"dcw_mult_blend", false, KnobType::number, "dcw", SamplerOnly::any, 0.0, 0, 1, 0.05, 0, {}, "Advanced correction."},
      {"dcw_mag_phase", false, KnobType::number, "dcw", SamplerOnly::any, 0.0, 0, 1, 0.05, 0, {}, "Advanced correction."},
      {"dcw_soft_thresh", false, KnobType::number, "dcw", SamplerOnly::any, 0.0, 0, 0.3, 0.01, 0, {}, "Advanced correction."},
      {"sde_denoise_curve", false, KnobType::curve, "curves", SamplerOnly::any, nullptr, 0, 1, 0, 0, {}, "Over the track, instead of sde_amp."},
      {"x0_target_curve", false, KnobType::curve, "curves", SamplerOnly::any, nullptr, 0, 1, 0, 0, {}, "Over the track, instead of x0_target."},
      {"velocity_scale_curve", false, KnobType::curve, "curves", SamplerOnly::any, nullptr, -10, 10, 0, 0, {}, "Gain of the velocity over the track."},
      {"initial_noise_curve", false, KnobType::curve, "curves", SamplerOnly::any, nullptr, 0, 10, 0, 0, {}, "Gain of the first noise over the track."},
  };
  return all;
}

}  // namespace headroom::wire
