#include "tensor/checkpoint.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/strict_json.h"
#include "base/text.h"

namespace headroom {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIndexSuffix = ".safetensors.index.json";
constexpr std::string_view kFileSuffix = ".safetensors";
constexpr std::uint64_t kLongestIndex = 100'000'000;
constexpr size_t kMostShards = 1000;

[[noreturn]] void fail(const fs::path& path, std::string_view what) {
  throw Error(ErrorKind::checkpoint, fmt::format("{}: {}", path.string(), what));
}

// True for a dangling link as well: opening it then says what is missing.
bool present(const fs::path& path) {
  std::error_code code;
  return fs::exists(fs::symlink_status(path, code));
}

// The file in `folder` that open() should read.
fs::path choose_in(const fs::path& folder) {
  for (const auto* name : {"model.safetensors.index.json", "model.safetensors",
                           "diffusion_pytorch_model.safetensors"}) {
    if (present(folder / name)) return folder / name;
  }
  std::set<std::string> found;
  std::error_code code;
  for (fs::directory_iterator it(folder, code), end; !code && it != end; it.increment(code)) {
    const auto name = it->path().filename().string();
    // Hidden files are downloads and writes that are not finished.
    if (name.ends_with(kFileSuffix) && name.front() != '.') found.insert(name);
  }
  if (code) fail(folder, code.message());
  if (found.empty()) fail(folder, "no *.safetensors file in this folder");
  if (found.size() > 1) {
    fail(folder, fmt::format("{} *.safetensors files and no model.safetensors.index.json; name one "
                             "of them: {}",
                             found.size(), printable(fmt::format("{}", fmt::join(found, ", ")))));
  }
  return folder / *found.begin();
}

// Only a plain file name beside the index may stand in it.
void check_shard_name(const fs::path& index, const std::string& name) {
  const bool plain = name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos &&
                     name.ends_with(kFileSuffix) && name.front() != '.';
  if (!plain) {
    fail(index, fmt::format("\"{}\" is not the name of a *.safetensors file beside the index",
                            printable(name)));
  }
}

// weight_map of an index: tensor name → shard name.
std::map<std::string, std::string> read_index(const fs::path& path) {
  std::string text;
  try {
    text = read_text_file(path, kLongestIndex);
  } catch (const Error& error) {
    throw Error(ErrorKind::checkpoint, error.what());
  }
  const auto json = parse_strict_json(text, ErrorKind::checkpoint, path.string());
  if (!json.is_object()) fail(path, "the index must be a JSON object");
  const auto found = json.find("weight_map");
  if (found == json.end()) fail(path, "the index has no weight_map");
  if (!found->is_object()) fail(path, "weight_map must be an object");
  if (found->empty()) fail(path, "weight_map is empty");
  std::map<std::string, std::string> places;
  for (const auto& [tensor, shard] : found->items()) {
    if (!shard.is_string()) {
      fail(path, fmt::format("weight_map \"{}\" must be a file name", printable(tensor)));
    }
    check_shard_name(path, shard.get_ref<const std::string&>());
    places.emplace(tensor, shard.get<std::string>());
  }
  return places;
}

std::vector<std::string> shards_of(const fs::path& path,
                                   const std::map<std::string, std::string>& places) {
  std::set<std::string> shards;
  for (const auto& [tensor, shard] : places) shards.insert(shard);
  if (shards.size() > kMostShards) {
    fail(path, fmt::format("{} shards are more than the {} allowed", shards.size(), kMostShards));
  }
  for (const auto& shard : shards) {
    if (!present(path.parent_path() / shard)) {
      fail(path, fmt::format("the shard \"{}\" is missing beside the index; download it",
                             printable(shard)));
    }
  }
  return {shards.begin(), shards.end()};
}

}  // namespace

std::string shape_text(at::IntArrayRef shape) {
  return fmt::format("[{}]", fmt::join(shape.begin(), shape.end(), ", "));
}

Checkpoint Checkpoint::open(const fs::path& path) {
  std::error_code code;
  if (fs::is_directory(path, code)) return open(choose_in(path));

  Checkpoint checkpoint;
  checkpoint.path_ = path;
  const bool sharded = path.filename().string().ends_with(kIndexSuffix);
  std::map<std::string, std::string> wanted;
  if (sharded) {
    wanted = read_index(path);
    for (const auto& shard : shards_of(path, wanted)) {
      checkpoint.files_.push_back(SafetensorsFile::open(path.parent_path() / shard));
    }
  } else {
    checkpoint.files_.push_back(SafetensorsFile::open(path));
  }
  for (size_t file = 0; file < checkpoint.files_.size(); ++file) {
    const auto& entries = checkpoint.files_[file].entries();
    for (size_t entry = 0; entry < entries.size(); ++entry) {
      const auto [at, fresh] = checkpoint.places_.emplace(entries[entry].name, Place{file, entry});
      if (!fresh) {
        fail(path, fmt::format("tensor \"{}\" stands in two shards, {} and {}",
                               printable(entries[entry].name),
                               checkpoint.files_[at->second.file].path().filename().string(),
                               checkpoint.files_[file].path().filename().string()));
      }
    }
  }
  for (const auto& [tensor, shard] : wanted) {
    const auto found = checkpoint.places_.find(tensor);
    if (found == checkpoint.places_.end() ||
        checkpoint.files_[found->second.file].path().filename() != shard) {
      fail(path, fmt::format("tensor \"{}\" is not in the shard \"{}\" that the index names",
                             printable(tensor), printable(shard)));
    }
  }
  return checkpoint;
}

bool Checkpoint::has(const std::string& name) const { return places_.contains(name); }

std::vector<std::int64_t> Checkpoint::shape_of(const std::string& name) const {
  const auto found = places_.find(name);
  if (found == places_.end()) fail(path_, fmt::format("no tensor \"{}\"", printable(name)));
  return files_[found->second.file].entries()[found->second.entry].shape;
}

at::Tensor Checkpoint::get(const std::string& name, at::IntArrayRef shape) {
  const auto stored = shape_of(name);
  if (at::IntArrayRef(stored) != shape) {
    fail(path_, fmt::format("tensor \"{}\" has the shape {}, not {}; this is another model",
                            printable(name), shape_text(stored), shape_text(shape)));
  }
  auto tensor = files_[places_.find(name)->second.file].tensor(name);
  if (!tensor.is_floating_point()) {
    fail(path_, fmt::format("tensor \"{}\" holds {}, not floating-point numbers; quantised weights "
                            "cannot be used",
                            printable(name), safetensors_name(tensor.scalar_type())));
  }
  return tensor;
}

std::vector<TensorEntry> Checkpoint::entries() const {
  std::vector<TensorEntry> all;
  all.reserve(places_.size());
  for (const auto& [name, place] : places_) {
    all.push_back(files_[place.file].entries()[place.entry]);
  }
  return all;
}

}  // namespace headroom
