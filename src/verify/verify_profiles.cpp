// Layouts by duration, and what a swap makes of them.
#include <fmt/format.h>

#include "diffusion/profiles.h"
#include "verify/families.h"

namespace headroom::verify {
namespace {

using namespace diffusion;

ProfileRules rules_of(const Golden& golden) {
  return golden.config().value("revision", "r1") == "r1" ? ProfileRules::by_duration
                                                         : ProfileRules::pinned_encoder;
}

std::set<ProfilePart> parts_of(const nlohmann::json& names, const std::string& label) {
  std::set<ProfilePart> parts;
  for (const auto& name : names) {
    const auto part = parse_profile_part(name.get<std::string>());
    if (!part) throw Error(ErrorKind::input, label + ": unknown part of a layout");
    parts.insert(*part);
  }
  return parts;
}

nlohmann::json engines_of(const Profile& profile) {
  return {{"decoder", profile.decoder},
          {"vae_encode", profile.vae_encode},
          {"vae_decode", profile.vae_decode}};
}

nlohmann::json answer(const Result<Profile, NoProfile>& profile) {
  if (profile)
    return {{"engines", engines_of(profile.value())},
            {"picked", static_cast<double>(profile.value().seconds)}};
  const auto& hint = profile.error().hint;
  return {{"error", "engine_not_built"},
          {"recommended_duration", hint ? nlohmann::json(*hint) : nlohmann::json(nullptr)}};
}

nlohmann::json listed(const std::vector<ProfileAction>& actions, double strength) {
  using Kind = ProfileAction::Kind;
  auto list = nlohmann::json::array();
  for (const auto& action : actions) {
    switch (action.kind) {
      case Kind::unload_decoder:
        list.push_back({"unload_decoder"});
        break;
      case Kind::evict_encoder:
        list.push_back({"evict_vae", action.what});
        break;
      case Kind::load_decoder:
        list.push_back({"load_decoder", action.what});
        break;
      case Kind::load_encoder:
        list.push_back({"load_vae", action.what});
        break;
      case Kind::enable_lora:
        list.push_back({"enable_lora", action.what, strength});
        break;
    }
  }
  return list;
}

void add_sequence(const Golden& golden, Results& results) {
  const auto sequence = golden.config().value("swap_sequence", nlohmann::json::array());
  if (sequence.empty()) return;
  // Everything is built, and the first step is where the session stands.
  const std::string checkpoint = "acestep-v15-turbo";
  BuiltProfiles built;
  for (const int seconds : profile_seconds())
    built[seconds] = {ProfilePart::decoder, ProfilePart::vae_encode, ProfilePart::vae_decode};
  ProfileKeeper keeper(checkpoint, built, rules_of(golden),
                       choose_profile(checkpoint, sequence[0].at("source_s"), rules_of(golden)),
                       {"x"});
  constexpr double strength = 0.7;  // of the file's one LoRA
  for (size_t i = 0; i < sequence.size(); ++i) {
    const auto& step = sequence[i];
    const auto actions = keeper.change_source(step.at("source_s"), step.at("walk"));
    const bool same = actions && listed(actions.value(), strength) == step.at("actions") &&
                      engines_of(keeper.now()) == step.at("engines") &&
                      keeper.now().seconds == step.at("picked");
    results.fact(fmt::format("swap{}", i), same,
                 actions ? listed(actions.value(), strength).dump() : "no layout");
  }
}

}  // namespace

void verify_profiles(Golden& golden, Results& results) {
  const auto rules = rules_of(golden);
  std::int64_t right = 0;
  const auto cases = field<nlohmann::json>(golden.config(), "cases", golden.label());
  for (size_t i = 0; i < cases.size(); ++i) {
    const auto& row = cases[i];
    BuiltProfiles built;
    for (const auto& [seconds, parts] : row.at(1).items())
      built[std::atoi(seconds.c_str())] = parts_of(parts, golden.label());
    const auto found = answer(choose_built_profile(row.at(0).get<std::string>(), built, row.at(2),
                                                   parts_of(row.at(3), golden.label()), rules));
    if (found == row.at(4)) {
      ++right;
    } else {
      results.fact(fmt::format("case{}", i), false, found.dump());
    }
  }
  results.fact("cases", right == static_cast<std::int64_t>(cases.size()),
               fmt::format("{} of {} choices", right, cases.size()));
  for (const auto& row : golden.config().value("pure_selection", nlohmann::json::array())) {
    const auto profile = choose_profile(row.at(0).get<std::string>(), row.at(1), rules);
    results.fact(fmt::format("{}.{}", row.at(0).get<std::string>(), row.at(1).dump()),
                 engines_of(profile) == row.at(2) && profile.seconds == row.at(3),
                 fmt::format("{} s", profile.seconds));
  }
  add_sequence(golden, results);
  results.add("out.case_count", at::tensor({static_cast<std::int64_t>(cases.size())}, at::kLong),
              kExact);
}

}  // namespace headroom::verify
