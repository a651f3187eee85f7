// What stands beside a LoRA file about it. Source: specification of the streaming engine,
// section 17.4.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headroom::diffusion {

/// What its maker says about a LoRA. Everything is optional except id and name.
struct LoraMetadata {
  std::string id;
  std::string name;  // the id, when the maker gives none
  std::optional<std::string> description{};
  std::vector<std::string> trigger_words{};
  /// The word that counts most; the first trigger word when the maker names none. It may stand
  /// outside the list.
  std::optional<std::string> primary_trigger_word{};
  std::optional<double> recommended_strength{};
  std::optional<std::int64_t> recommended_steps{};
  std::optional<double> recommended_shift{};
  std::optional<double> recommended_guidance{};
  std::optional<std::string> primary_genre{};
  std::vector<std::string> secondary_genres{};
  std::vector<std::string> tags{};
  std::vector<std::string> moods{};
  std::optional<std::string> base_model{};
  std::optional<std::string> base_model_scale{};  // "2B", "5B"
  bool has_metadata = false;                      // from a readable sidecar
  std::vector<std::string> warnings{};            // an unknown schema, a primary outside the list
};

/// From the text of `<stem>.metadata.json` and, when that is missing or unreadable, of
/// `<stem>.trigger.txt` (the whole text, trimmed, is the one trigger word). A record always comes
/// back; numbers that do not read as numbers are left out.
LoraMetadata parse_lora_metadata(const std::string& id, std::optional<std::string_view> json,
                                 std::optional<std::string_view> trigger);

/// The same from the files beside `file`, whose stem is its name without the last extension; a
/// sidecar over 1 MiB counts as unreadable.
LoraMetadata read_lora_metadata(const std::string& id, const std::filesystem::path& file);

/// Whether a LoRA made for `scale` ("2B", "5B") fits a checkpoint of that name; what is not known
/// on either side fits.
bool lora_scale_fits(const std::optional<std::string>& scale, std::string_view checkpoint);

}  // namespace headroom::diffusion
