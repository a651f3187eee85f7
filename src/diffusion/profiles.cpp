#include "diffusion/profiles.h"

#include <fmt/format.h>

#include "base/error.h"

namespace headroom::diffusion {
namespace {

constexpr std::string_view kDefaultCheckpoint = "acestep-v15-turbo";

std::string encoder_name(int seconds) { return fmt::format("vae_encode_fp16_{}s", seconds); }

Profile named(std::string_view checkpoint, int seconds, ProfileRules rules) {
  Profile profile{.seconds = seconds,
                  .decoder = {},
                  .vae_encode = encoder_name(seconds),
                  .vae_decode = fmt::format("vae_decode_fp16_{}s", seconds)};
  if (checkpoint == kDefaultCheckpoint) {
    profile.decoder =
        fmt::format("{}decoder_mixed_refit_b8_{}s",
                    rules == ProfileRules::pinned_encoder ? "spectral_" : "", seconds);
  } else if (checkpoint == "acestep-v15-xl-turbo") {
    profile.decoder = fmt::format("decoder_xl-turbo_fp8_refit_b4_{}s", seconds);
  } else {
    throw Error(ErrorKind::usage,
                fmt::format("no layouts are known for checkpoint '{}'", printable(checkpoint)));
  }
  return profile;
}

bool has(const BuiltProfiles& built, int seconds, ProfilePart part) {
  const auto found = built.find(seconds);
  return found != built.end() && found->second.contains(part);
}

// The smallest encoder there is.
std::optional<int> smallest_encoder(const BuiltProfiles& built) {
  for (const int seconds : profile_seconds()) {
    if (has(built, seconds, ProfilePart::vae_encode)) return seconds;
  }
  return std::nullopt;
}

}  // namespace

const std::vector<int>& profile_seconds() {
  static const std::vector<int> seconds{60, 120, 240};
  return seconds;
}

std::optional<ProfilePart> parse_profile_part(std::string_view name) {
  if (name == "decoder") return ProfilePart::decoder;
  if (name == "vae_encode") return ProfilePart::vae_encode;
  if (name == "vae_decode") return ProfilePart::vae_decode;
  return std::nullopt;
}

Profile choose_profile(std::string_view checkpoint, double seconds, ProfileRules rules) {
  for (const int size : profile_seconds()) {
    if (seconds <= size) return named(checkpoint, size, rules);
  }
  return named(checkpoint, profile_seconds().back(), rules);
}

Result<Profile, NoProfile> choose_built_profile(std::string_view checkpoint,
                                                const BuiltProfiles& built, double seconds,
                                                const std::set<ProfilePart>& needs,
                                                ProfileRules rules) {
  // The VAE is the same for all: without a decoder it is the default checkpoint's table.
  if (!needs.contains(ProfilePart::decoder)) checkpoint = kDefaultCheckpoint;
  const bool pinned = rules == ProfileRules::pinned_encoder;
  const auto encoder = pinned ? smallest_encoder(built) : std::nullopt;
  NoProfile none;
  for (const int size : profile_seconds()) {
    if (seconds > size) continue;
    if (!none.hint) none.hint = size;
    bool complete = true;
    for (const auto part : needs) {
      complete = complete && (pinned && part == ProfilePart::vae_encode ? encoder.has_value()
                                                                        : has(built, size, part));
    }
    if (!complete) continue;
    auto profile = named(checkpoint, size, rules);
    if (encoder) profile.vae_encode = encoder_name(*encoder);
    return profile;
  }
  return none;
}

Result<std::vector<ProfileAction>, NoProfile> ProfileKeeper::change_source(double seconds,
                                                                           bool walk,
                                                                           double walk_window) {
  const bool walking = walk && seconds > walk_window;
  const std::set<ProfilePart> all{ProfilePart::decoder, ProfilePart::vae_encode,
                                  ProfilePart::vae_decode};
  auto chosen =
      choose_built_profile(checkpoint_, built_, walking ? walk_window : seconds, all, rules_);
  if (!chosen) return chosen.error();
  auto next = std::move(chosen).value();
  if (walking && rules_ == ProfileRules::by_duration) {
    const auto encoder =
        choose_built_profile(checkpoint_, built_, seconds, {ProfilePart::vae_encode}, rules_);
    if (!encoder) return encoder.error();
    next.vae_encode = encoder.value().vae_encode;
  } else if (next.seconds == now_.seconds) {
    return std::vector<ProfileAction>{};
  }
  using Kind = ProfileAction::Kind;
  std::vector<ProfileAction> actions;
  const bool other_decoder = next.decoder != now_.decoder;
  const bool other_encoder = next.vae_encode != now_.vae_encode;
  if (!other_decoder && !other_encoder) return actions;
  if (other_decoder) actions.push_back({Kind::unload_decoder});
  if (other_encoder) actions.push_back({Kind::evict_encoder, now_.vae_encode});
  if (other_decoder) actions.push_back({Kind::load_decoder, next.decoder});
  actions.push_back({Kind::load_encoder, next.vae_encode});
  if (other_decoder) {
    for (const auto& lora : loras_) actions.push_back({Kind::enable_lora, lora});
  }
  now_ = std::move(next);
  return actions;
}

}  // namespace headroom::diffusion
