// One function per kind of golden: from its inputs to results under the names of its outputs.
// Each leaves out what the file has no inputs for; verify_file() notices what is missing.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "verify/golden.h"
#include "verify/report.h"
#include "verify/tolerance.h"

namespace headroom::verify {

/// Results of one golden. Names that the file does not have are dropped.
struct Results {
  struct Entry {
    at::Tensor value;
    std::optional<Rule> rule;  // instead of the file's own
  };
  std::map<std::string, Entry> tensors;
  /// Properties that are not a comparison of two tensors; their names may be those of outputs.
  std::vector<TensorReport> facts;

  void add(const std::string& name, at::Tensor value) { tensors[name] = {std::move(value), {}}; }
  void add(const std::string& name, at::Tensor value, Rule rule) {
    tensors[name] = {std::move(value), rule};
  }
  void fact(const std::string& name, bool holds, std::string detail) {
    facts.push_back({.name = name,
                     .status = holds ? Status::passed : Status::failed,
                     .mismatches = holds ? 0 : 1,
                     .elements = 1,
                     .detail = std::move(detail)});
  }
};

using Verification = void (*)(Golden& golden, Results& results);

// verify_vae.cpp
void verify_oobleck_encode(Golden& golden, Results& results);
void verify_oobleck_decode(Golden& golden, Results& results);
// verify_dit.cpp
void verify_dit_forward(Golden& golden, Results& results);
// verify_condition.cpp
void verify_condition_encoder(Golden& golden, Results& results);
// verify_semantic.cpp
void verify_semantic_tokenizer(Golden& golden, Results& results);
// verify_text.cpp
void verify_text_encoder(Golden& golden, Results& results);
// verify_flow.cpp
void verify_flow_step(Golden& golden, Results& results);
// verify_e2e.cpp
void verify_e2e_generate(Golden& golden, Results& results);
// verify_roformer.cpp
void verify_melband_forward(Golden& golden, Results& results);
void verify_melband_long(Golden& golden, Results& results);
void verify_melband_pipeline(Golden& golden, Results& results);
// verify_audio.cpp
void verify_resample(Golden& golden, Results& results);
void verify_stem_fit(Golden& golden, Results& results);
void verify_mel_bands(Golden& golden, Results& results);
void verify_beat_track(Golden& golden, Results& results);
void verify_key_chroma(Golden& golden, Results& results);
void verify_key_cnn(Golden& golden, Results& results);
// verify_stream.cpp
void verify_rng_cpu(Golden& golden, Results& results);
void verify_schedule(Golden& golden, Results& results);
// verify_steps.cpp
void verify_steps(Golden& golden, Results& results);
// verify_guidance.cpp
void verify_apg(Golden& golden, Results& results);
void verify_dcw(Golden& golden, Results& results);
// verify_conditioning.cpp
void verify_curves(Golden& golden, Results& results);
void verify_channels(Golden& golden, Results& results);
void verify_conditioning(Golden& golden, Results& results);
void verify_prompt_blend(Golden& golden, Results& results);
void verify_slerp(Golden& golden, Results& results);
// verify_run.cpp
void verify_run(Golden& golden, Results& results);
// verify_cadence.cpp
void verify_ring_cadence(Golden& golden, Results& results);
// verify_generate.cpp
void verify_generate(Golden& golden, Results& results);
// verify_lora.cpp
void verify_lora_delta(Golden& golden, Results& results);
void verify_lora_metadata(Golden& golden, Results& results);
// verify_runner.cpp
void verify_runner(Golden& golden, Results& results);
// verify_lead.cpp
void verify_lead(Golden& golden, Results& results);
// verify_knobs.cpp
void verify_knobs(Golden& golden, Results& results);
// verify_profiles.cpp
void verify_profiles(Golden& golden, Results& results);
// verify_slice_delta.cpp
void verify_slice_delta(Golden& golden, Results& results);
// verify_plans.cpp
void verify_chunk_plan(Golden& golden, Results& results);
void verify_tiles(Golden& golden, Results& results);
void verify_vae_window(Golden& golden, Results& results);

// verify_bpe.cpp
/// A JSON golden: its cases against the tokenizer beside it.
FileReport verify_bpe(const std::filesystem::path& path);

}  // namespace headroom::verify
