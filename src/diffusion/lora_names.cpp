#include "diffusion/lora_names.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace headroom::diffusion {
namespace {

constexpr std::array kSuffixes{
    std::pair{std::string_view(".lora_A.weight"), LoraRole::down},
    std::pair{std::string_view(".lora_B.weight"), LoraRole::up},
    std::pair{std::string_view(".lora_down.weight"), LoraRole::down},
    std::pair{std::string_view(".lora_up.weight"), LoraRole::up},
    std::pair{std::string_view(".alpha"), LoraRole::alpha},
    std::pair{std::string_view(".lokr_w1"), LoraRole::w1},
    std::pair{std::string_view(".lokr_w1_a"), LoraRole::w1_a},
    std::pair{std::string_view(".lokr_w1_b"), LoraRole::w1_b},
    std::pair{std::string_view(".lokr_w2"), LoraRole::w2},
    std::pair{std::string_view(".lokr_w2_a"), LoraRole::w2_a},
    std::pair{std::string_view(".lokr_w2_b"), LoraRole::w2_b},
};

// What a name contains, and why it cannot be used.
constexpr std::array kRefused{
    std::pair{std::string_view("dora_scale"), "weight-decomposed (DoRA)"},
    std::pair{std::string_view("lora_magnitude_vector"), "weight-decomposed (DoRA)"},
    std::pair{std::string_view("hada_"), "a Hadamard product (LoHa)"},
    std::pair{std::string_view("lora_mid"), "a Tucker decomposition (LoCon)"},
    std::pair{std::string_view("lokr_t"), "a Tucker decomposition (LoKr)"},
    std::pair{std::string_view("oft_"), "an orthogonal transform (OFT)"},
    std::pair{std::string_view("lora_embedding_"), "a change of an embedding"},
    std::pair{std::string_view(".diff"), "a change of full rank or of a bias"},
};

bool strip(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// "….lora_A.<adapter>.weight" → "….lora_A.weight".
std::string without_adapter(std::string_view name) {
  constexpr std::string_view end = ".weight";
  for (const std::string_view middle : {".lora_A.", ".lora_B."}) {
    const auto at = name.rfind(middle);
    if (at == std::string_view::npos || !name.ends_with(end)) continue;
    const auto rest = name.substr(at + middle.size());
    if (rest.size() <= end.size()) continue;  // no adapter in it
    const auto adapter = rest.substr(0, rest.size() - end.size());
    if (adapter.find('.') == std::string_view::npos)
      return std::string(name.substr(0, at + middle.size() - 1)) + std::string(end);
  }
  return std::string(name);
}

std::string underscored(std::string text) {
  std::replace(text.begin(), text.end(), '.', '_');
  return text;
}

bool is_end_of(std::string_view pattern, std::string_view module) {
  if (!module.ends_with(pattern)) return false;
  return module.size() == pattern.size() || module[module.size() - pattern.size() - 1] == '.';
}

}  // namespace

Result<LoraName, LoraRefusal> parse_lora_name(std::string_view stored) {
  for (const auto& [part, why] : kRefused) {
    if (stored.find(part) != std::string_view::npos)
      return LoraRefusal{fmt::format("'{}' is {}; only plain LoRA and LoKr can be merged",
                                     printable(stored), why)};
  }
  const auto name = without_adapter(stored);
  for (const auto& [suffix, role] : kSuffixes) {
    if (name.ends_with(suffix) && name.size() > suffix.size())
      return LoraName{name.substr(0, name.size() - suffix.size()), role};
  }
  return LoraRefusal{fmt::format(
      "'{}' is of no known style of LoRA (PEFT, ComfyUI, kohya, LyCORIS)", printable(stored))};
}

LoraModules::LoraModules(const LoraShapes& shapes) {
  constexpr std::string_view end = ".weight";
  for (const auto& [name, shape] : shapes) {
    const auto module = name.ends_with(end) ? name.substr(0, name.size() - end.size()) : name;
    dotted_[module] = name;
    underscored_[underscored(module)] = name;
  }
}

std::optional<std::string> LoraModules::find(std::string_view module) const {
  const auto look_up = [](const auto& names, std::string_view name) -> std::optional<std::string> {
    const auto found = names.find(name);
    return found == names.end() ? std::nullopt : std::optional(found->second);
  };
  if (strip(module, "lora_unet_") || strip(module, "lycoris_")) {
    if (auto found = look_up(underscored_, module)) return found;
    strip(module, "decoder_");
    return look_up(underscored_, module);
  }
  strip(module, "base_model.model.");
  strip(module, "diffusion_model.");
  if (auto found = look_up(dotted_, module)) return found;
  strip(module, "decoder.");
  return look_up(dotted_, module);
}

std::optional<double> configured_alpha(const nlohmann::json& config, std::string_view module) {
  if (!config.is_object()) return std::nullopt;
  const auto patterns = config.value("alpha_pattern", nlohmann::json::object());
  if (patterns.is_object()) {
    for (const auto& [pattern, alpha] : patterns.items()) {
      if (is_end_of(pattern, module) && alpha.is_number()) return alpha.get<double>();
    }
  }
  const auto found = config.find("lora_alpha");
  if (found == config.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

}  // namespace headroom::diffusion
