#include "audio/load.h"
#include "cli/piece_options.h"

namespace headroom::cli {
namespace {

struct Options {
  std::string input;
  std::string structure;
  PieceOptions piece;
};

Outcome run(Options options, Progress& progress) {
  const Meter meter;
  auto& piece = options.piece;
  piece.check();
  const auto studio = piece.open(progress);
  const auto& vae = studio->networks().configs().vae;
  const auto rate = static_cast<int>(vae.sample_rate);
  PieceWriter writer(piece, *studio);
  const LoadSettings shape{.channels = vae.audio_channels};
  if (!options.structure.empty())
    piece.settings.structure = load_audio(options.structure, rate, shape, progress);
  const auto audio = load_audio(options.input, rate, shape, progress);
  piece.listen(audio, rate);
  studio::make_cover(
      *studio, audio, piece.settings, [&](const at::Tensor& block) { writer.write(block); },
      progress);
  return writer.finish(piece, meter);
}

}  // namespace

Command add_cover(CLI::App& app) {
  auto* command =
      app.add_subcommand("cover", "Re-imagine a track: audio and a prompt become new audio");
  auto options = std::make_shared<Options>();
  command->add_option("IN", options->input, "Audio file: WAV, FLAC, OGG, Opus, MP3, AIFF; any rate")
      ->required();
  options->piece.add_to(*command, /*heard=*/true);
  auto& settings = options->piece.settings;
  command
      ->add_option("--strength", settings.strength,
                   "How far from the source: 0 keeps it, 1 starts from noise")
      ->capture_default_str();
  command->add_option("--structure", options->structure,
                      "Audio file whose melody and rhythm are followed instead of IN's");
  command
      ->add_option("--structure-strength", settings.structure_strength,
                   "How much of the structure counts, 0 to 1")
      ->capture_default_str();
  return {command,
          [options](const Common&, Progress& progress) { return run(*options, progress); }};
}

}  // namespace headroom::cli
