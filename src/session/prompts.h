// Words and references into what the engine is conditioned with.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "session/preparer.h"
#include "session/score.h"

namespace headroom::session {

/// A clip that lends its timbre or its structure.
struct Reference {
  std::string name;
  at::Tensor audio;    // [2, n] at 48 kHz
  at::Tensor latents;  // [1, T, C]; of timbre only
  double seconds() const {
    return static_cast<double>(audio.size(1)) / static_cast<double>(kSampleRate);
  }
};

/// One thread.
class PromptDesk {
 public:
  PromptDesk(Stage& stage, std::string owner)
      : stage_(stage), owner_(std::move(owner)), preparer_(stage, owner_) {}

  /// Both prompts for a source, with silence and with the timbre reference (or the source itself);
  /// equal words are encoded once. `key` counts for this alone. Throws Error(usage) for words that
  /// are none, and what device work throws.
  Prompts encode(const std::string& a, const std::string& b, const Source& source,
                 const std::optional<std::string>& key = {}) const;
  /// What guidance leads away from: no words, no timbre.
  diffusion::EncodedPrompt negative(const Source& source) const;

  /// A clip cut to the source's length. Throws Error(input) when less than a pool is left.
  Reference timbre(std::string name, const at::Tensor& audio, const Source& source,
                   const std::stop_token& stop) const;
  void set_timbre(std::optional<Reference> timbre) { timbre_ = std::move(timbre); }
  const std::optional<Reference>& timbre() const { return timbre_; }

  /// The hints of a clip, cut or filled with silence to the source's length.
  at::Tensor structure(const Reference& clip, const Source& source,
                       const std::stop_token& stop) const;
  void set_structure(std::optional<Reference> structure) { structure_ = std::move(structure); }
  const std::optional<Reference>& structure() const { return structure_; }

 private:
  diffusion::EncodedPrompt encoded(const std::string& words, const Source& source,
                                   const std::optional<std::string>& key,
                                   const at::Tensor& timbre) const;

  Stage& stage_;
  std::string owner_;
  Preparer preparer_;
  std::optional<Reference> timbre_;
  std::optional<Reference> structure_;
};

}  // namespace headroom::session
