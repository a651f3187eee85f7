#include "diffusion/lora_catalogue.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "tensor/safetensors.h"

namespace headroom::diffusion {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPeftStem = "adapter_model";
constexpr std::uint64_t kLongestConfig = 1U << 20U;

std::vector<fs::path> files_below(const fs::path& root) {
  std::vector<fs::path> files;
  std::error_code problem;
  auto entry = fs::recursive_directory_iterator(root, fs::directory_options::skip_permission_denied,
                                                problem);
  for (; !problem && entry != fs::recursive_directory_iterator(); entry.increment(problem)) {
    std::error_code ignored;
    if (entry->path().extension() == ".safetensors" && entry->is_regular_file(ignored))
      files.push_back(entry->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

fs::path real_path(const fs::path& file) {
  std::error_code problem;
  auto path = fs::weakly_canonical(file, problem);
  return problem ? file : path;
}

std::string id_of(const fs::path& file) {
  auto stem = file.stem().string();
  if (stem != kPeftStem || !file.has_parent_path()) return stem;
  const auto folder = real_path(file).parent_path().filename().string();
  return folder.empty() ? stem : folder;
}

// When the file or what stands beside it was last written; 0 for what is not there.
std::int64_t stamp_of(const fs::path& file) {
  std::int64_t newest = 0;
  for (const char* ending : {".safetensors", ".metadata.json", ".trigger.txt"}) {
    auto path = file;
    path.replace_extension();
    path += ending;
    std::error_code problem;
    const auto time = fs::last_write_time(path, problem);
    if (!problem) newest = newest * 31 + static_cast<std::int64_t>(time.time_since_epoch().count());
  }
  return newest;
}

nlohmann::json adapter_config(const fs::path& file) {
  const auto path = file.parent_path() / "adapter_config.json";
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return nullptr;
  return parse_strict_json(read_text_file(path, kLongestConfig), ErrorKind::input,
                           printable(path.string()));
}

}  // namespace

std::string LoraCatalogue::insert(const fs::path& file) {
  const auto real = real_path(file);
  for (const auto& known : files_) {
    if (real_path(known.path) == real) return known.id;
  }
  const auto wanted = id_of(file);
  auto id = wanted;
  for (int number = 2; place(id) < files_.size(); ++number)
    id = fmt::format("{}~{}", wanted, number);
  files_.push_back({id, file});
  return id;
}

void LoraCatalogue::scan(const std::vector<fs::path>& roots) {
  files_.clear();
  for (const auto& root : roots) {
    for (const auto& file : files_below(root)) insert(file);
  }
  for (const auto& file : added_) insert(file);
}

std::string LoraCatalogue::add(const fs::path& file) {
  added_.push_back(file);
  return insert(file);
}

bool LoraCatalogue::remove(const std::string& id) {
  const auto at = place(id);
  if (at == files_.size()) return false;
  const auto real = real_path(files_[at].path);
  std::erase_if(added_, [&](const fs::path& file) { return real_path(file) == real; });
  files_.erase(files_.begin() + static_cast<std::ptrdiff_t>(at));
  known_.erase(id);
  return true;
}

std::size_t LoraCatalogue::place(const std::string& id) const {
  const auto found = std::find_if(files_.begin(), files_.end(),
                                  [&](const LoraFile& file) { return file.id == id; });
  return static_cast<std::size_t>(found - files_.begin());
}

Result<Lora, LoraRefusal> LoraCatalogue::load(const std::string& id,
                                              const LoraShapes& shapes) const {
  const auto at = place(id);
  if (at == files_.size())
    return LoraRefusal{fmt::format("there is no LoRA '{}' in the catalogue", printable(id))};
  const auto& path = files_[at].path;
  try {
    const auto file = SafetensorsFile::open(path);
    std::map<std::string, at::Tensor> tensors;
    for (const auto& entry : file.entries()) tensors[entry.name] = file.tensor(entry.name);
    auto lora = read_lora(tensors, shapes,
                          {.adapter_config = adapter_config(path), .metadata = file.metadata()});
    if (!lora)
      return LoraRefusal{
          fmt::format("{}: {}", printable(path.filename().string()), lora.error().reason)};
    return lora;
  } catch (const Error& error) {
    return LoraRefusal{error.what()};
  }
}

const LoraMetadata& LoraCatalogue::metadata(const std::string& id) {
  const auto at = place(id);
  const auto path = at < files_.size() ? files_[at].path : fs::path();
  const auto stamp = stamp_of(path);
  const auto known = known_.find(id);
  if (known != known_.end() && known->second.stamp == stamp) return known->second.record;
  return known_.insert_or_assign(id, Known{stamp, read_lora_metadata(id, path)})
      .first->second.record;
}

}  // namespace headroom::diffusion
