#include "cli/refusal.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>

#include <gtest/gtest.h>

namespace headroom::test {
namespace {

namespace fs = std::filesystem;

constexpr std::array kKinds{"usage", "input", "checkpoint", "output", "memory", "canceled"};

// Every path below `root` with its contents' hash: any change shows.
std::map<std::string, size_t> snapshot(const fs::path& root) {
  std::map<std::string, size_t> files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    size_t contents = 0;
    if (entry.symlink_status().type() == fs::file_type::regular) {
      std::ifstream file(entry.path(), std::ios::binary);
      contents = std::hash<std::string>()(
          {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()});
    }
    files.emplace(entry.path().string(), contents);
  }
  return files;
}

void expect_unchanged(const std::map<std::string, size_t>& before,
                      const std::map<std::string, size_t>& after) {
  for (const auto& [path, hash] : after) {
    const auto found = before.find(path);
    EXPECT_NE(found, before.end()) << path << " was left behind";
    if (found == before.end()) continue;
    EXPECT_EQ(found->second, hash) << path << " was changed";
  }
  for (const auto& [path, hash] : before) EXPECT_TRUE(after.contains(path)) << path << " is gone";
}

}  // namespace

void expect_refused(const Workshop& shop, const Refusal& refusal) {
  SCOPED_TRACE(refusal.label);
  auto arguments = refusal.arguments;
  arguments.emplace_back("--json");
  const auto before = snapshot(shop.path());
  const auto ran = shop.run_copy(arguments, refusal.settings);
  expect_unchanged(before, snapshot(shop.path()));
  EXPECT_EQ(ran.status, refusal.status)
      << "signal " << ran.signal << (ran.timed_out ? ", timed out" : "") << "\n"
      << ran.err;
  EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
  EXPECT_TRUE(ran.err.starts_with("headroom: ")) << ran.err;
  EXPECT_NE(ran.err.find(refusal.says), std::string::npos)
      << "does not say \"" << refusal.says << "\": " << ran.err;
  const auto json = nlohmann::json::parse(ran.out, nullptr, false);
  if (!json.is_object() || !json.contains("error")) {
    ADD_FAILURE() << "standard output is not {\"error\": …}: " << ran.out;
    return;
  }
  const auto kind = json["error"].value("kind", "");
  EXPECT_EQ(kind, kKinds.at(static_cast<size_t>(refusal.status - 2)));
  EXPECT_EQ("headroom: " + kind + ": " + json["error"].value("message", "") + "\n", ran.err);
}

void expect_refused(const Workshop& shop, const std::vector<Refusal>& refusals) {
  for (const auto& refusal : refusals) expect_refused(shop, refusal);
}

std::vector<std::string> cover_of(const std::string& input, const std::vector<std::string>& more) {
  std::vector<std::string> all{"cover", input, "-o", "out/cover.wav", "-p", "calm"};
  if (std::find(more.begin(), more.end(), "--model") == more.end())
    all.insert(all.end(), {"--model", "model"});
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::vector<std::string> stems_of(const std::string& input, const std::vector<std::string>& more) {
  std::vector<std::string> all{"stems", input, "-o", "out/stems"};
  if (std::find(more.begin(), more.end(), "--model") == more.end())
    all.insert(all.end(), {"--model", "model"});
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace headroom::test
