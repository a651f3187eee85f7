#include <map>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "tensor/checkpoint.h"

namespace headroom::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Options {
  std::string path;
  bool tensors = false;
};

// The part of a network that a tensor belongs to: "decoder", "encoder.lyric_encoder", "layers", …
std::string component_of(const std::string& name) {
  const auto dot = name.find('.');
  if (dot == std::string::npos) return name;
  const auto first = name.substr(0, dot);
  const auto next = name.find('.', dot + 1);
  const bool deeper =
      first == "encoder" && next != std::string::npos && name.compare(dot + 1, 5, "block") != 0 &&
      name.compare(dot + 1, 4, "conv") != 0 && name.compare(dot + 1, 5, "snake") != 0;
  return deeper ? name.substr(0, next) : first;
}

struct Sum {
  std::int64_t tensors = 0;
  std::uint64_t parameters = 0;
  std::uint64_t bytes = 0;
  std::map<std::string, std::int64_t> dtypes;
};

void add(Sum& sum, const TensorEntry& entry) {
  ++sum.tensors;
  sum.bytes += entry.bytes();
  sum.parameters += entry.bytes() / c10::elementSize(entry.dtype);
  ++sum.dtypes[std::string(safetensors_name(entry.dtype))];
}

json to_json(const Sum& sum) {
  return {{"tensors", sum.tensors},
          {"parameters", sum.parameters},
          {"bytes", sum.bytes},
          {"dtypes", sum.dtypes}};
}

std::string row(const std::string& name, const Sum& sum) {
  std::string dtypes;
  for (const auto& [dtype, count] : sum.dtypes) dtypes += (dtypes.empty() ? "" : " ") + dtype;
  return fmt::format("  {:<28} {:>6} tensors {:>14} parameters {:>11}  {}\n", printable(name, 28),
                     sum.tensors, sum.parameters, human_bytes(sum.bytes), dtypes);
}

// One checkpoint: its sums by component.
void inspect_one(const fs::path& path, const Options& options, Outcome& outcome) {
  const auto checkpoint = Checkpoint::open(path);
  std::map<std::string, Sum> components;
  Sum total;
  json tensors = json::array();
  std::string listing;
  for (const auto& entry : checkpoint.entries()) {
    add(components[component_of(entry.name)], entry);
    add(total, entry);
    if (!options.tensors) continue;
    tensors.push_back({{"name", entry.name},
                       {"dtype", safetensors_name(entry.dtype)},
                       {"shape", entry.shape},
                       {"bytes", entry.bytes()}});
    listing += fmt::format("    {} {} {}\n", printable(entry.name), safetensors_name(entry.dtype),
                           shape_text(entry.shape));
  }
  json item{
      {"path", path.string()}, {"files", checkpoint.files().size()}, {"total", to_json(total)}};
  outcome.text += fmt::format("{} ({} file{})\n", path.string(), checkpoint.files().size(),
                              checkpoint.files().size() == 1 ? "" : "s");
  for (const auto& [name, sum] : components) {
    item["components"][name] = to_json(sum);
    outcome.text += row(name, sum);
  }
  outcome.text += row("total", total) + listing;
  if (options.tensors) item["tensors"] = tensors;
  outcome.data["checkpoints"].push_back(item);
}

bool holds_weights(const fs::path& folder) {
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with('.') && name.ends_with(".safetensors")) return true;
  }
  return false;
}

Outcome run(const Options& options) {
  const fs::path root = options.path;
  std::error_code code;
  if (!fs::exists(root, code))
    throw Error(ErrorKind::input, fmt::format("{}: no such file or folder", options.path));
  Outcome outcome;
  outcome.data["checkpoints"] = json::array();
  if (!fs::is_directory(root) || holds_weights(root)) {
    inspect_one(root, options, outcome);
    return outcome;
  }
  std::vector<fs::path> parts;
  for (const auto& entry : fs::directory_iterator(root, code)) {
    if (entry.is_directory() && holds_weights(entry.path())) parts.push_back(entry.path());
  }
  if (parts.empty())
    throw Error(ErrorKind::checkpoint,
                fmt::format("{}: holds no .safetensors files", options.path));
  std::sort(parts.begin(), parts.end());
  for (const auto& part : parts) inspect_one(part, options, outcome);
  return outcome;
}

}  // namespace

Command add_inspect(CLI::App& app) {
  auto* command =
      app.add_subcommand("inspect", "What a checkpoint holds: components, tensors, dtypes, bytes");
  auto options = std::make_shared<Options>();
  command
      ->add_option("CHECKPOINT", options->path,
                   "A .safetensors file, a sharded index, or a folder of them")
      ->required();
  command->add_flag("--tensors", options->tensors, "List every tensor");
  return {command, [options](const Common&, Progress&) { return run(*options); }};
}

}  // namespace headroom::cli
