#include "cli/piece_options.h"

namespace headroom::cli {
namespace {

struct Options {
  double seconds = 30.0;
  PieceOptions piece;
};

Outcome run(Options options, Progress& progress) {
  const Meter meter;
  auto& piece = options.piece;
  piece.check();
  const auto studio = piece.open(progress);
  PieceWriter writer(piece, *studio);
  studio::make_music(
      *studio, options.seconds, piece.settings,
      [&](const at::Tensor& block) { writer.write(block); }, progress);
  return writer.finish(piece, meter);
}

}  // namespace

Command add_generate(CLI::App& app) {
  auto* command = app.add_subcommand("generate", "Make music from words alone");
  auto options = std::make_shared<Options>();
  command->add_option("--duration", options->seconds, "Seconds, 1 to 240")->capture_default_str();
  options->piece.add_to(*command, /*heard=*/false);
  return {command,
          [options](const Common&, Progress& progress) { return run(*options, progress); }};
}

}  // namespace headroom::cli
