#include "diffusion/lora_metadata.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "base/strict_json.h"
#include "base/text.h"

namespace headroom::diffusion {
namespace {

using nlohmann::json;

constexpr std::uint64_t kLongestSidecar = 1U << 20U;
constexpr std::string_view kBlank = " \t\r\n\v\f";

json below(const json& object, const char* key) {
  return object.is_object() ? object.value(key, json(nullptr)) : json(nullptr);
}

std::optional<std::string> text_of(const json& value) {
  if (!value.is_string() || value.get_ref<const std::string&>().empty()) return std::nullopt;
  return value.get<std::string>();
}

std::vector<std::string> words_of(const json& value) {
  std::vector<std::string> words;
  if (!value.is_array()) return words;
  for (const auto& entry : value) {
    if (auto word = text_of(entry)) words.push_back(std::move(*word));
  }
  return words;
}

std::optional<double> number_of(const json& value) {
  double number = std::nan("");
  if (value.is_number()) number = value.get<double>();
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  }
  return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::optional<std::int64_t> whole_number_of(const json& value) {
  const auto number = number_of(value);
  constexpr double most = 1e9;
  if (!number || std::abs(*number) > most) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

void fill(LoraMetadata& record, const json& root) {
  record.has_metadata = true;
  if (auto name = text_of(below(root, "name"))) record.name = *name;
  record.description = text_of(below(root, "description"));
  const auto inference = below(root, "inference");
  record.trigger_words = words_of(below(inference, "trigger_words"));
  record.primary_trigger_word = text_of(below(inference, "primary_trigger_word"));
  record.recommended_strength = number_of(below(inference, "recommended_strength"));
  record.recommended_steps = whole_number_of(below(inference, "recommended_steps"));
  record.recommended_shift = number_of(below(inference, "recommended_shift"));
  record.recommended_guidance = number_of(below(inference, "recommended_guidance"));
  const auto classes = below(root, "classification");
  record.primary_genre = text_of(below(classes, "primary_genre"));
  record.secondary_genres = words_of(below(classes, "secondary_genres"));
  record.tags = words_of(below(classes, "tags"));
  record.moods = words_of(below(classes, "moods"));
  const auto model = below(root, "model");
  record.base_model = text_of(below(model, "base_model"));
  record.base_model_scale = text_of(below(model, "base_model_scale"));
  const auto& words = record.trigger_words;
  if (!record.primary_trigger_word && !words.empty()) record.primary_trigger_word = words.front();
  if (record.primary_trigger_word && !words.empty() &&
      std::find(words.begin(), words.end(), *record.primary_trigger_word) == words.end())
    record.warnings.emplace_back("the primary trigger word is not among the trigger words");
  const auto schema = below(root, "schema_version");
  if (!schema.is_null() && schema != 1)
    record.warnings.push_back(
        fmt::format("schema version {} is not 1; read as far as it is understood",
                    printable(schema.dump(-1, ' ', true, json::error_handler_t::replace), 20)));
}

std::optional<std::string> text_beside(const std::filesystem::path& file, const char* ending) {
  auto path = file;
  path.replace_extension();
  path += ending;
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return std::nullopt;
  try {
    return read_text_file(path, kLongestSidecar);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

LoraMetadata parse_lora_metadata(const std::string& id, std::optional<std::string_view> text,
                                 std::optional<std::string_view> trigger) {
  LoraMetadata record{.id = id, .name = id};
  if (text) {
    try {
      const auto root = parse_strict_json(*text, ErrorKind::input, "LoRA metadata");
      if (root.is_object()) {
        fill(record, root);
        return record;
      }
    } catch (const Error& error) {
      record.warnings.emplace_back(error.what());
    }
  }
  if (!trigger) return record;
  const auto begin = trigger->find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return record;
  const auto word = trigger->substr(begin, trigger->find_last_not_of(kBlank) - begin + 1);
  record.trigger_words = {std::string(word)};
  record.primary_trigger_word = word;
  return record;
}

LoraMetadata read_lora_metadata(const std::string& id, const std::filesystem::path& file) {
  return parse_lora_metadata(id, text_beside(file, ".metadata.json"),
                             text_beside(file, ".trigger.txt"));
}

bool lora_scale_fits(const std::optional<std::string>& scale, std::string_view checkpoint) {
  const std::string_view own = checkpoint == "acestep-v15-turbo"      ? "2B"
                               : checkpoint == "acestep-v15-xl-turbo" ? "5B"
                                                                      : "";
  if (!scale || own.empty() || (*scale != "2B" && *scale != "5B")) return true;
  return *scale == own;
}

}  // namespace headroom::diffusion
