// Durations for which a realtime session is laid out, and the names under which the reference's
// clients know them. Source: specification of the streaming engine, section 22.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace headroom::diffusion {

/// The reference before and after its bounded encoder: from then on the encoder is the smallest one
/// there is, whatever the duration.
enum class ProfileRules { by_duration, pinned_encoder };

enum class ProfilePart { decoder, vae_encode, vae_decode };
/// "decoder", "vae_encode", "vae_decode"; nothing for others.
std::optional<ProfilePart> parse_profile_part(std::string_view name);

/// Parts that are there, by duration in seconds.
using BuiltProfiles = std::map<int, std::set<ProfilePart>>;

struct Profile {
  int seconds = 0;
  std::string decoder;
  std::string vae_encode;
  std::string vae_decode;
};

/// There is no layout for it; `hint` is the smallest duration that would do, if any would.
struct NoProfile {
  std::optional<int> hint;
};

/// 60, 120, 240.
const std::vector<int>& profile_seconds();

/// The smallest layout for `seconds` (boundaries belong to the smaller one), or the largest one
/// there is. Throws Error(usage) for a checkpoint that it does not know.
Profile choose_profile(std::string_view checkpoint, double seconds, ProfileRules rules);

/// The smallest layout for `seconds` of which every needed part is built. Without a decoder among
/// the needs the checkpoint does not matter: the VAE is shared, and the default one's names are
/// used.
Result<Profile, NoProfile> choose_built_profile(std::string_view checkpoint,
                                                const BuiltProfiles& built, double seconds,
                                                const std::set<ProfilePart>& needs,
                                                ProfileRules rules);

/// What a swap of the source makes a session do.
struct ProfileAction {
  enum class Kind { unload_decoder, evict_encoder, load_decoder, load_encoder, enable_lora };
  Kind kind;
  std::string what{};  // its name
};

/// The layout that a session has, and what it does when its source changes.
class ProfileKeeper {
 public:
  ProfileKeeper(std::string checkpoint, BuiltProfiles built, ProfileRules rules, Profile now,
                std::vector<std::string> loras)
      : checkpoint_(std::move(checkpoint)),
        built_(std::move(built)),
        rules_(rules),
        now_(std::move(now)),
        loras_(std::move(loras)) {}

  /// For a source of `seconds`; walking, only `walk_window` seconds of it are laid out. Nothing
  /// changes when it is refused.
  Result<std::vector<ProfileAction>, NoProfile> change_source(double seconds, bool walk,
                                                              double walk_window = 60.0);
  const Profile& now() const { return now_; }

 private:
  std::string checkpoint_;
  BuiltProfiles built_;
  ProfileRules rules_;
  Profile now_;
  std::vector<std::string> loras_;
};

}  // namespace headroom::diffusion
