#include "audio/load.h"
#include "cli/piece_options.h"

namespace headroom::cli {
namespace {

struct Options {
  std::string input;
  studio::Region region;
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
  const auto audio = load_audio(options.input, rate, {.channels = vae.audio_channels}, progress);
  piece.listen(audio, rate);
  studio::make_repaint(
      *studio, audio, options.region, piece.settings,
      [&](const at::Tensor& block) { writer.write(block); }, progress);
  auto outcome = writer.finish(piece, meter);
  outcome.data["from"] = options.region.begin;
  outcome.data["to"] = options.region.end;
  return outcome;
}

}  // namespace

Command add_repaint(CLI::App& app) {
  auto* command =
      app.add_subcommand("repaint", "Make a stretch of a track anew; the rest stays as it is");
  auto options = std::make_shared<Options>();
  command->add_option("IN", options->input, "Audio file: WAV, FLAC, OGG, Opus, MP3, AIFF; any rate")
      ->required();
  command->add_option("--from", options->region.begin, "Where it begins, in seconds")->required();
  command->add_option("--to", options->region.end, "Where it ends, in seconds; at most 100 s later")
      ->required();
  options->piece.add_to(*command, /*heard=*/true);
  return {command,
          [options](const Common&, Progress& progress) { return run(*options, progress); }};
}

}  // namespace headroom::cli
