// The one-shot path and the reference's streaming node, with a toy network.
#include <fmt/format.h>

#include "diffusion/generate.h"
#include "diffusion/window_plan.h"
#include "verify/families.h"
#include "verify/run_requests.h"
#include "verify/toy_decoder.h"

namespace headroom::verify {
namespace {

using namespace diffusion;

constexpr Rule kRule{.absolute = 1e-4, .relative = 1e-4};

Condition condition(const Golden& golden, const std::string& name) {
  return {golden.tensor("in." + name + ".states"), golden.tensor("in." + name + ".mask")};
}

// What a case gives besides its prompt stands in words.
class Words {
 public:
  explicit Words(std::string text) : text_(std::move(text)) {}
  bool say(std::string_view what) const { return text_.find(what) != std::string::npos; }
  // The number after a word.
  double number_after(const std::string& word) const {
    const auto at = text_.find(word);
    return at == std::string::npos ? 0.0 : std::atof(text_.c_str() + at + word.size());
  }

 private:
  std::string text_;
};

at::Tensor context_of(const Golden& golden, const Words& words) {
  if (words.say("no context")) {
    const auto frames = frames_in(words.number_after("duration"));
    return decoder_context(golden.tensor("in.silence").narrow(1, 0, frames));
  }
  at::Tensor mask;
  if (words.say("chunk mask [T]")) mask = golden.tensor("in.chunk1");
  if (words.say("chunk mask [1,T]")) mask = golden.tensor("in.chunk2");
  return decoder_context(golden.tensor("in.context"), mask);
}

void add_case(const Golden& golden, const nlohmann::json& json, Results& results) {
  const Words words(field<std::string>(json, "inputs", golden.label()));
  const auto config = field<nlohmann::json>(json, "config", golden.label());
  Request request{.conditions = {condition(golden, "pos")}, .context = context_of(golden, words)};
  request.seed = field<std::uint64_t>(config, "seed", golden.label());
  request.denoise = field<double>(config, "denoise", golden.label());
  if (words.say("source")) request.source = golden.tensor("in.source");
  if (words.say("guidance")) request.guidance.scale = golden.tensor("in.guidance");
  if (words.say("negative")) request.guidance.negatives = {condition(golden, "neg")};
  for (const char* mode : {"full", "initialize", "self"}) {
    if (words.say(std::string("rcfg_mode ") + mode))
      request.guidance.mode = *parse_guidance_mode(mode);
  }
  RingSettings settings;
  settings.steps = field<std::int64_t>(config, "steps", golden.label());
  settings.shift = field<double>(config, "shift", golden.label());
  if (!words.say("dcw disabled")) settings.controls.dcw.emplace();
  ToyDecoder decoder(golden);
  results.add("out." + field<std::string>(json, "name", golden.label()),
              generate(request, decoder, settings), kRule);
}

// Submit one request, tick once, again and again.
void add_stream(const Golden& golden, Results& results) {
  if (!golden.config().contains("streaming_node")) return;
  const auto& node = golden.config()["streaming_node"];
  RingSettings settings;
  settings.steps = field<std::int64_t>(node, "steps", golden.label());
  settings.shift = field<double>(node, "shift", golden.label());
  settings.depth = field<std::int64_t>(node, "depth", golden.label());
  settings.queue_cap = 0;
  settings.reference = reference_ways(golden);
  if (node.value("dcw", "off") != "off") settings.controls.dcw.emplace();
  ToyDecoder decoder(golden);
  Ring ring(decoder, settings);
  // "100+tick"
  const auto first_seed = std::atoll(field<std::string>(node, "seed", golden.label()).c_str());
  std::vector<std::int64_t> emitted;
  const auto ticks = field<std::int64_t>(node, "ticks", golden.label());
  for (std::int64_t tick = 0; tick < ticks; ++tick) {
    (void)ring.submit({.conditions = {condition(golden, "pos")},
                       .context = decoder_context(golden.tensor("in.context")),
                       .seed = static_cast<std::uint64_t>(first_seed + tick),
                       .source = golden.tensor("in.source"),
                       .denoise = field<double>(node, "denoise", golden.label())});
    if (const auto finished = ring.tick()) {
      emitted.push_back(tick);
      results.add(fmt::format("out.stream.{:02}", tick), finished->latent, kRule);
    }
  }
  results.fact("stream.emitted", node.at("emitted_at") == emitted, "in which ticks latents come");
}

}  // namespace

void verify_generate(Golden& golden, Results& results) {
  for (const auto& json : field<nlohmann::json>(golden.config(), "cases", golden.label()))
    add_case(golden, json, results);
  add_stream(golden, results);
}

}  // namespace headroom::verify
