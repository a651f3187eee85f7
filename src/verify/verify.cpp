#include "verify/verify.h"

#include <algorithm>

#include <fmt/format.h>

#include "verify/families.h"

namespace headroom::verify {
namespace {

struct Kind {
  std::string_view name;
  Verification run;
};

constexpr Kind kKinds[] = {
    {"audio_tokenizer_semantic", verify_semantic_tokenizer},
    {"beat_track", verify_beat_track},
    {"condition_encoder", verify_condition_encoder},
    {"dit_forward", verify_dit_forward},
    {"e2e_generate", verify_e2e_generate},
    {"flow_step", verify_flow_step},
    {"key_chroma", verify_key_chroma},
    {"key_cnn", verify_key_cnn},
    {"mel_bands", verify_mel_bands},
    {"melband_forward", verify_melband_forward},
    {"melband_long", verify_melband_long},
    {"melband_pipeline", verify_melband_pipeline},
    {"oobleck_decode", verify_oobleck_decode},
    {"oobleck_encode", verify_oobleck_encode},
    {"qwen3_text_encoder", verify_text_encoder},
    {"resample", verify_resample},
    {"stem_fit", verify_stem_fit},
    {"stream_apg", verify_apg},
    {"stream_channels", verify_channels},
    {"stream_chunk_plan", verify_chunk_plan},
    {"stream_conditioning", verify_conditioning},
    {"stream_curves", verify_curves},
    {"stream_dcw", verify_dcw},
    {"stream_generate", verify_generate},
    {"stream_knobs", verify_knobs},
    {"stream_lead", verify_lead},
    {"stream_lora_delta", verify_lora_delta},
    {"stream_lora_metadata", verify_lora_metadata},
    {"stream_profiles", verify_profiles},
    {"stream_prompt_blend", verify_prompt_blend},
    {"stream_ring_cadence", verify_ring_cadence},
    {"stream_rng_cpu", verify_rng_cpu},
    {"stream_run", verify_run},
    {"stream_runner", verify_runner},
    {"stream_schedule", verify_schedule},
    {"stream_slerp", verify_slerp},
    {"stream_slice_delta", verify_slice_delta},
    {"stream_steps", verify_steps},
    {"stream_tiles", verify_tiles},
    {"stream_vae_window", verify_vae_window},
};

// "dit_forward_xl" is a dit_forward: a name may go on after an underscore. The streaming engine's
// files leave out their "stream_".
bool is_kind(std::string_view stored, std::string_view kind) {
  const auto matches = [stored](std::string_view name) {
    return stored == name ||
           (stored.starts_with(name) && stored.size() > name.size() && stored[name.size()] == '_');
  };
  constexpr std::string_view stream = "stream_";
  return matches(kind) || (kind.starts_with(stream) && matches(kind.substr(stream.size())));
}

const Kind& find_kind(const Golden& golden) {
  const Kind* found = nullptr;
  for (const auto& kind : kKinds) {
    if (is_kind(golden.kind(), kind.name) &&
        (found == nullptr || kind.name.size() > found->name.size())) {
      found = &kind;
    }
  }
  if (found != nullptr) return *found;
  throw Error(ErrorKind::input,
              fmt::format("{}: unknown kind '{}'; this build knows {}", golden.label(),
                          printable(golden.kind()), fmt::join(known_kinds(), ", ")));
}

at::Tensor rows_that_count(const Golden& golden, const std::string& mask) {
  return mask.empty() ? at::Tensor() : golden.tensor(mask);
}

Rule rule_of(const Golden& golden, const Tolerance& tolerance, const std::string& name,
             const Results::Entry& entry) {
  if (entry.rule) return *entry.rule;
  if (const auto rule = tolerance.rule(name)) return *rule;
  throw Error(ErrorKind::input,
              fmt::format("{}: states no tolerance for '{}'", golden.label(), printable(name)));
}

void compare_all(const Golden& golden, const Results& results, FileReport& report) {
  const auto tolerance =
      Tolerance::parse(golden.metadata("tolerance"), golden.label() + ": tolerance");
  const auto is_fact = [&](const std::string& name) {
    return std::any_of(results.facts.begin(), results.facts.end(),
                       [&](const TensorReport& fact) { return fact.name == name; });
  };
  for (const auto& name : golden.names("")) {
    const auto entry = results.tensors.find(name);
    if (entry != results.tensors.end()) {
      report.tensors.push_back(compare(name, entry->second.value, golden.tensor(name),
                                       rule_of(golden, tolerance, name, entry->second),
                                       rows_that_count(golden, tolerance.mask_of(name))));
    } else if (name.starts_with("out.") && !is_fact(name)) {
      report.tensors.push_back(
          {.name = name,
           .status = tolerance.optional(name) ? Status::skipped : Status::not_computed,
           .elements = golden.tensor(name).numel()});
    }
  }
  report.tensors.insert(report.tensors.end(), results.facts.begin(), results.facts.end());
}

bool all_passed(const std::vector<TensorReport>& tensors) {
  const auto is = [](Status status) {
    return [status](const TensorReport& tensor) { return tensor.status == status; };
  };
  return std::none_of(tensors.begin(), tensors.end(), is(Status::failed)) &&
         std::none_of(tensors.begin(), tensors.end(), is(Status::not_computed)) &&
         std::any_of(tensors.begin(), tensors.end(), is(Status::passed));
}

FileReport verify_golden(Golden golden) {
  const auto& kind = find_kind(golden);
  Results results;
  kind.run(golden, results);
  FileReport report{.file = golden.label(), .kind = std::string(kind.name)};
  compare_all(golden, results, report);
  return report;
}

}  // namespace

FileReport verify_file(const std::filesystem::path& path) {
  try {
    auto report =
        path.extension() == ".json" ? verify_bpe(path) : verify_golden(Golden::open(path));
    report.passed = all_passed(report.tensors);
    return report;
  } catch (const Error& error) {
    // To the user of `verify` weights and config in the file are inputs, not a model.
    throw Error(error.kind() == ErrorKind::checkpoint ? ErrorKind::input : error.kind(),
                error.what());
  } catch (const std::exception& error) {
    // Shapes in a file that do not fit each other, or JSON of another form than its kind has. Only
    // the first line of what ATen says is for people.
    const std::string_view text = error.what();
    throw Error(ErrorKind::input, fmt::format("{}: its contents do not fit together: {}",
                                              printable(path.filename().string()),
                                              printable(text.substr(0, text.find('\n')), 200)));
  }
}

std::vector<std::string> known_kinds() {
  std::vector<std::string> names{"bpe_expected"};
  for (const auto& kind : kKinds) names.emplace_back(kind.name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace headroom::verify
