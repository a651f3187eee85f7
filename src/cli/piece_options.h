// What `cover`, `generate` and `repaint` share: the words, the sampling, references, LoRAs, and how
// a piece is written.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audio/file.h"
#include "cli/command.h"
#include "studio/piece.h"

namespace headroom::cli {

struct PieceOptions {
  std::string output;
  std::string prompt;
  std::string lyrics = "[Instrumental]";
  std::string language = "en";
  std::optional<std::string> key;  // what is not given is heard from the source
  std::optional<int> bpm;
  int time_signature = 4;
  std::string timbre;
  std::vector<std::string> loras;  // FILE or FILE:STRENGTH
  std::optional<double> shift;     // what is not given is the model's
  bool no_dcw = false;
  studio::PieceSettings settings;
  StudioOption studio;

  /// `heard`: tempo and key come from a source where they are not given.
  void add_to(CLI::App& app, bool heard);
  /// Everything that can be wrong with the flags, before any work is done.
  void check();
  /// Tempo and key that were not given, from the first ten minutes of a source [channels, n].
  void listen(const at::Tensor& audio, int rate);
  /// The studio with the LoRAs enabled, and the references loaded.
  std::unique_ptr<studio::Studio> open(Progress& progress);
};

/// Writes a piece as it comes, clipped to full scale, and says what became of it.
class PieceWriter {
 public:
  PieceWriter(const PieceOptions& options, const studio::Studio& studio);
  void write(const at::Tensor& block);
  Outcome finish(const PieceOptions& options, const Meter& meter);

 private:
  AudioWriter writer_;
  int rate_;
  std::int64_t channels_;
  std::int64_t samples_ = 0;
  double peak_ = 0.0;
};

}  // namespace headroom::cli
