#include "house/house_rules.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <regex>
#include <string_view>

#include <fmt/format.h>

namespace headroom::house {
namespace {

namespace fs = std::filesystem;

// From the ground up.
constexpr std::array<std::string_view, 13> kFloors{
    "base",   "wire",    "tensor",  "memory", "audio",  "models", "diffusion",
    "studio", "library", "session", "server", "verify", "cli"};

std::optional<size_t> height(std::string_view floor) {
  const auto* const found = std::find(kFloors.begin(), kFloors.end(), floor);
  if (found == kFloors.end()) return std::nullopt;
  return static_cast<size_t>(found - kFloors.begin());
}

std::vector<fs::path> files_under(const fs::path& folder) {
  std::vector<fs::path> files;
  if (!fs::exists(folder)) return files;
  for (auto entry = fs::recursive_directory_iterator(folder); entry != fs::end(entry); ++entry) {
    // What npm installs is not ours.
    if (entry->path().filename() == "node_modules") entry.disable_recursion_pending();
    if (entry->is_regular_file()) files.push_back(entry->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool is_source(const fs::path& file) {
  return file.extension() == ".h" || file.extension() == ".cpp";
}

std::vector<fs::path> sources_under(const fs::path& root,
                                    std::initializer_list<const char*> folders) {
  std::vector<fs::path> sources;
  for (const char* folder : folders) {
    for (const auto& file : files_under(root / folder)) {
      if (is_source(file)) sources.push_back(file);
    }
  }
  return sources;
}

using LineCheck = std::function<void(const std::string& line, const std::string& place)>;

// Calls `check` with every line and its "file:line".
int for_each_line(const fs::path& root, const fs::path& file, const LineCheck& check) {
  std::ifstream text(file, std::ios::binary);
  const auto name = file.lexically_relative(root).generic_string();
  int number = 0;
  for (std::string line; std::getline(text, line);)
    check(line, fmt::format("{}:{}", name, ++number));
  return number;
}

// The folder under src/ that a file stands in; empty for a file of src/ itself.
std::string floor_of(const fs::path& root, const fs::path& file) {
  const auto relative = file.lexically_relative(root / "src");
  return relative.has_parent_path() ? relative.begin()->string() : "";
}

std::string without_comments(const fs::path& root, const fs::path& file) {
  std::string all;
  for_each_line(root, file, [&](const std::string& line, const std::string&) {
    all += line.substr(0, line.find('#')) + '\n';
  });
  return all;
}

std::vector<std::string> words_of(const std::string& text) {
  static const std::regex word(R"([^\s()]+)");
  std::vector<std::string> words;
  for (std::sregex_iterator it(text.begin(), text.end(), word), end; it != end; ++it)
    words.push_back(it->str());
  return words;
}

// One call in a CMakeLists.txt: its words after the name.
std::vector<std::vector<std::string>> calls(const std::string& text, const std::string& name) {
  const std::regex pattern("\\b" + name + R"(\s*\(([^)]*)\))");
  std::vector<std::vector<std::string>> found;
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it)
    found.push_back(words_of((*it)[1].str()));
  return found;
}

// What a CMakeLists.txt links of ours, by the names that headroom_floor() knows.
std::vector<std::string> links_in(const std::string& text) {
  std::vector<std::string> links;
  for (const auto& words : calls(text, "headroom_floor")) {
    bool linking = false;
    for (const auto& word : words) {
      if (word == "SOURCES" || word == "EXTERNAL" || word == "ATEN" || word == "LINKS") {
        linking = word == "LINKS";
      } else if (linking) {
        links.push_back(word);
      }
    }
  }
  for (const auto& words : calls(text, "target_link_libraries")) {
    for (size_t i = 1; i < words.size(); ++i) {
      if (words[i].starts_with("headroom_")) links.push_back(words[i].substr(9));
    }
  }
  return links;
}

bool is_text(const fs::path& file) {
  std::ifstream bytes(file, std::ios::binary);
  std::array<char, 4096> start{};
  bytes.read(start.data(), start.size());
  return std::find(start.begin(), start.begin() + bytes.gcount(), '\0') ==
         start.begin() + bytes.gcount();
}

}  // namespace

Findings check_includes(const fs::path& root) {
  static const std::regex include(R"re(^\s*#\s*include\s*"(([^"/]*)/)?[^"]*")re");
  Findings findings;
  for (const auto& file : sources_under(root, {"src"})) {
    const auto floor = floor_of(root, file);
    const auto own = height(floor);
    for_each_line(root, file, [&](const std::string& line, const std::string& place) {
      std::smatch match;
      if (!std::regex_search(line, match, include)) return;
      const auto other = height(match[2].str());
      if (!own || !other) {
        findings.push_back(
            fmt::format("{}: '{}' is not a floor", place, own ? match[2].str() : floor));
      } else if (*other > *own) {
        findings.push_back(fmt::format("{}: {} is above {}", place, match[2].str(), floor));
      }
    });
  }
  return findings;
}

Findings check_links(const fs::path& root) {
  std::map<std::string, std::string> folder_of_library;
  std::vector<std::pair<fs::path, std::string>> lists;
  for (const auto& file : files_under(root / "src")) {
    if (file.filename() != "CMakeLists.txt" || floor_of(root, file).empty()) continue;
    lists.emplace_back(file, without_comments(root, file));
    for (const auto& words : calls(lists.back().second, "headroom_floor"))
      folder_of_library[words.at(0)] = floor_of(root, file);
  }
  Findings findings;
  for (const auto& [file, text] : lists) {
    const auto floor = floor_of(root, file);
    for (const auto& link : links_in(text)) {
      const auto found = folder_of_library.find(link);
      const auto other = height(found == folder_of_library.end() ? link : found->second);
      const auto own = height(floor);
      if (other && own && *other <= *own) continue;
      findings.push_back(fmt::format("{}: {} links {}, which is not below it",
                                     file.lexically_relative(root).generic_string(), floor, link));
    }
  }
  return findings;
}

Findings check_torch_header(const fs::path& root) {
  static const std::regex include(R"(^\s*#\s*include\s*[<"]torch/torch\.h[>"])");
  Findings findings;
  for (const auto& file : sources_under(root, {"src", "tests", "bench", "fuzz", "tools"})) {
    for_each_line(root, file, [&](const std::string& line, const std::string& place) {
      if (std::regex_search(line, include))
        findings.push_back(place + ": torch/torch.h is slow to compile and never needed");
    });
  }
  return findings;
}

Findings check_device_calls(const fs::path& root) {
  static const std::regex raw(
      R"(\b(cudaMalloc\w*|cudaHostAlloc|cudaMallocHost|cudaStreamCreate\w*|cudaEventCreate\w*)"
      R"(|cudaGraphInstantiate\w*|cublasCreate\w*|cudnnCreate\w*|CUDACachingAllocator|emptyCache)"
      R"(|pinned_memory|pin_memory|getStreamFromPool|CUDAEvent|CUDAGraph|SetCPUAllocator)"
      R"(|GetCPUAllocator)\b)");
  Findings findings;
  for (const auto& file : sources_under(root, {"src"})) {
    if (floor_of(root, file) == "memory") continue;
    for_each_line(root, file, [&](const std::string& line, const std::string& place) {
      std::smatch match;
      if (std::regex_search(line, match, raw))
        findings.push_back(
            fmt::format("{}: {} is asked for through memory/device.h", place, match[1].str()));
    });
  }
  return findings;
}

Findings check_lengths(const fs::path& root) {
  Findings findings;
  for (const auto& file : sources_under(root, {"src", "tests", "bench", "fuzz", "tools"})) {
    const int lines = for_each_line(root, file, [](const std::string&, const std::string&) {});
    if (lines < kMostLines) continue;
    findings.push_back(fmt::format("{}:{}: the file is longer than {} lines",
                                   file.lexically_relative(root).generic_string(), lines,
                                   kMostLines));
  }
  return findings;
}

Findings check_paths(const fs::path& root) {
  static const std::regex path(R"((^|[^\w.])/(work|home|root)/)");
  std::vector<fs::path> files;
  for (const char* folder : {"src", "tests", "bench", "fuzz", "tools", "cmake", "docs"}) {
    const auto more = files_under(root / folder);
    files.insert(files.end(), more.begin(), more.end());
  }
  for (const char* file : {"README.md", "CMakeLists.txt", "CMakePresets.json"}) {
    if (fs::exists(root / file)) files.push_back(root / file);
  }
  Findings findings;
  for (const auto& file : files) {
    if (!is_text(file)) continue;
    for_each_line(root, file, [&](const std::string& line, const std::string& place) {
      // Long lines are data; regular expressions are slow on them and nobody wrote them.
      if (line.size() < 2000 && std::regex_search(line, path))
        findings.push_back(place + ": an absolute path of somebody's machine");
    });
  }
  return findings;
}

}  // namespace headroom::house
