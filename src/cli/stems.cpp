#include <filesystem>

#include <fmt/format.h>

#include "audio/file.h"
#include "audio/load.h"
#include "base/error.h"
#include "cli/command.h"
#include "studio/tasks.h"

namespace headroom::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string input;
  std::string folder;
  std::string extension = "wav";
  StudioOption studio;
};

// The folder for the stems, made with those above it; those that were made and are empty go again
// when the command fails.
class OutputFolder {
 public:
  explicit OutputFolder(const fs::path& path) {
    std::error_code code;
    auto above = path;
    for (; !above.empty() && !fs::exists(above, code); above = above.parent_path()) {
      if (!above.filename().empty()) made_.push_back(above);
    }
    fs::create_directories(path, code);
    if (!code && !fs::is_directory(path)) code = std::make_error_code(std::errc::not_a_directory);
    if (!code) return;
    remove_empty();
    throw Error(ErrorKind::output,
                fmt::format("{}: cannot be made: {}", path.string(), code.message()));
  }
  ~OutputFolder() { remove_empty(); }
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

 private:
  void remove_empty() {
    std::error_code ignored;
    for (const auto& folder : made_) fs::remove(folder, ignored);  // never one with files in it
  }

  std::vector<fs::path> made_;  // the deepest first
};

Outcome run(const Options& options, Progress& progress) {
  const Meter meter;
  const auto studio = options.studio.open(studio::ModelParts::separator);
  const auto& config = *studio->networks().configs().separator;
  const auto format = AudioReader(options.input).format();
  const OutputFolder folder(options.folder);

  const auto names = studio::stem_names(config);
  const auto prefix = fs::path(options.input).stem().string();
  std::vector<fs::path> paths;
  std::vector<AudioWriter> writers;
  for (const auto& name : names) {
    paths.push_back(fs::path(options.folder) /
                    fmt::format("{}.{}.{}", prefix, name, options.extension));
    writers.emplace_back(paths.back(), format.rate, format.channels);
  }
  const auto audio = load_audio(options.input, format.rate, {}, progress);
  studio::SeparateTask task(
      studio->residency(), studio->networks(),
      {.name = "stems",
       .owner = "command",
       .priority = memory::Priority::interactive,
       .deadline = {}},
      studio->settings().separator, audio, format.rate,
      [&](const at::Tensor& block) {
        for (size_t i = 0; i < writers.size(); ++i)
          writers[i].write(block[static_cast<std::int64_t>(i)]);
      },
      progress);
  studio->executor().run(task);
  for (auto& writer : writers) writer.commit();

  const double seconds = static_cast<double>(audio.size(1)) / format.rate;
  Outcome outcome;
  outcome.data = {
      {"seconds_of_audio", seconds}, {"sample_rate", format.rate}, {"channels", format.channels}};
  outcome.text =
      fmt::format("{} at {} Hz, {} channels\n", clock_text(seconds), format.rate, format.channels);
  for (size_t i = 0; i < names.size(); ++i) {
    outcome.data["stems"][names[i]] = paths[i].string();
    outcome.text += fmt::format("{:<12} {}\n", names[i], paths[i].string());
  }
  meter.add_to(outcome);
  return outcome;
}

}  // namespace

Command add_stems(CLI::App& app) {
  auto* command = app.add_subcommand("stems", "Split a track into vocals and instruments");
  auto options = std::make_shared<Options>();
  command->add_option("IN", options->input, "Audio file: WAV, FLAC, OGG, Opus, MP3, AIFF; any rate")
      ->required();
  command->add_option("-o,--output", options->folder, "Folder for the stems; made when missing")
      ->required();
  command->add_option("--format", options->extension, "wav (32-bit float), flac, ogg, opus or mp3")
      ->capture_default_str();
  options->studio.add_to(*command);
  return {command,
          [options](const Common&, Progress& progress) { return run(*options, progress); }};
}

}  // namespace headroom::cli
