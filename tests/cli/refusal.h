// What a refusal looks like from outside, checked for one bad input after the other.
#pragma once

#include <string>
#include <vector>

#include "cli/workshop.h"

namespace headroom::test {

// Exit statuses, as `headroom --help` lists them.
inline constexpr int kUsage = 2;
inline constexpr int kInput = 3;
inline constexpr int kCheckpoint = 4;
inline constexpr int kOutput = 5;
inline constexpr int kMemory = 6;
inline constexpr int kCanceled = 7;

struct Refusal {
  std::string label;
  std::vector<std::string> arguments;
  int status;
  std::string says;  // a fragment of the message
  RunSettings settings = {};
};

/// Runs with --json and checks: the status; exactly one line on standard error that begins with
/// "headroom: " and has the fragment; {"error": {kind, message}} with the same message on standard
/// output; and every file of the workshop as it was before, none added.
void expect_refused(const Workshop& shop, const Refusal& refusal);
void expect_refused(const Workshop& shop, const std::vector<Refusal>& refusals);

/// `headroom cover IN -o out/cover.wav -p calm --model model` with more arguments.
std::vector<std::string> cover_of(const std::string& input,
                                  const std::vector<std::string>& more = {});
/// `headroom stems IN -o out/stems --model model` with more arguments.
std::vector<std::string> stems_of(const std::string& input,
                                  const std::vector<std::string>& more = {});

}  // namespace headroom::test
