#include "session/lora_shelf.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace headroom::session {
namespace {

namespace fs = std::filesystem;

wire::LoraMetadata shown(const diffusion::LoraMetadata& from) {
  return {.id = from.id,
          .name = from.name,
          .description = from.description,
          .primary_trigger_word = from.primary_trigger_word,
          .trigger_words = from.trigger_words,
          .recommended_strength = from.recommended_strength,
          .recommended_steps = from.recommended_steps,
          .recommended_shift = from.recommended_shift,
          .recommended_guidance = from.recommended_guidance,
          .primary_genre = from.primary_genre,
          .secondary_genres = from.secondary_genres,
          .tags = from.tags,
          .moods = from.moods,
          .base_model = from.base_model,
          .base_model_scale = from.base_model_scale,
          .has_metadata = from.has_metadata};
}

bool inside(const fs::path& file, const fs::path& root) {
  const auto relative = file.lexically_relative(root);
  return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

LoraShelf::LoraShelf(studio::Studio& studio, std::vector<fs::path> roots)
    : studio_(studio), roots_(std::move(roots)) {
  for (auto& root : roots_) root = fs::weakly_canonical(root);
  catalogue_.scan(roots_);
}

void LoraShelf::scan() {
  const std::scoped_lock lock(mutex_);
  catalogue_.scan(roots_);
}

std::optional<std::string> LoraShelf::add(const std::string& path) {
  std::error_code code;
  const auto file = fs::canonical(path, code);
  if (code || !fs::is_regular_file(file, code)) return std::nullopt;
  if (std::none_of(roots_.begin(), roots_.end(),
                   [&](const fs::path& root) { return inside(file, root); }))
    return std::nullopt;
  const std::scoped_lock lock(mutex_);
  return catalogue_.add(file);
}

bool LoraShelf::knows(const std::string& id) const {
  const std::scoped_lock lock(mutex_);
  return catalogue_.place(id) < catalogue_.files().size();
}

Result<LoraChange, std::string> LoraShelf::enabling(const std::string& id,
                                                    std::optional<double> strength) {
  bool enabled = false;
  diffusion::LoraShapes shapes;
  studio_.executor().between_steps([&](memory::Residency&) {
    enabled = studio_.loras().stack().enabled(id);
    if (!enabled) shapes = studio_.loras().shapes();
  });
  const std::scoped_lock lock(mutex_);
  const auto order = catalogue_.place(id);
  if (order == catalogue_.files().size())
    return fmt::format("there is no LoRA '{}'", printable(id));
  LoraChange change{.id = id, .strength = strength, .lora = {}, .order = order, .request_id = {}};
  if (!strength) change.strength = catalogue_.metadata(id).recommended_strength.value_or(1.0);
  if (enabled) return change;
  auto lora = catalogue_.load(id, shapes);
  if (!lora) return lora.error().reason;
  change.lora = std::make_shared<const diffusion::Lora>(std::move(lora).value());
  return change;
}

std::string LoraShelf::shown_path(const fs::path& path) const {
  std::error_code code;
  const auto file = fs::weakly_canonical(path, code);
  for (const auto& root : roots_) {
    if (inside(file, root)) return file.lexically_relative(root).generic_string();
  }
  return path.filename().string();
}

std::vector<std::string> LoraShelf::ids() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> ids;
  for (const auto& file : catalogue_.files()) ids.push_back(file.id);
  return ids;
}

std::vector<wire::LoraEntry> LoraShelf::entries() {
  std::vector<wire::LoraEntry> entries;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& file : catalogue_.files()) {
      wire::LoraEntry entry{.id = file.id};
      entry.metadata = shown(catalogue_.metadata(file.id));
      entry.name = entry.metadata.name;
      entry.path = shown_path(file.path);
      entries.push_back(std::move(entry));
    }
  }
  studio_.executor().between_steps([&](memory::Residency&) {
    const auto& stack = studio_.loras().stack();
    for (auto& entry : entries) {
      if (!stack.enabled(entry.id)) continue;
      entry.state = "enabled";
      entry.strength = stack.strength(entry.id);
    }
  });
  return entries;
}

}  // namespace headroom::session
