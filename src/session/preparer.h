// From audio or a name to a source that can be played: analysis, latents and stems, from the
// library where they are known, from the networks where not.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "session/source.h"
#include "session/stage.h"
#include "studio/tasks.h"

namespace headroom::session {

/// The posterior is drawn with one seed for all, so that a track has one latent.
inline constexpr std::uint64_t kPosteriorSeed = 0x5eed0001;

/// What is asked for. Either `pcm`, or a name to load.
struct Order {
  std::optional<wire::Pcm> pcm{};
  std::optional<std::string> name{};     // of pcm: a label
  std::optional<wire::StemMode> mode{};  // none: the full mix, with stems unless it is a fixture
  double crop = 0.0;                     // seconds; 0: all
  std::optional<std::string> key{};      // counts where the library says nothing
  std::optional<std::string> time_signature{};
};

/// Any thread, which waits; several at once.
class Preparer {
 public:
  Preparer(Stage& stage, std::string owner) : stage_(stage), owner_(std::move(owner)) {}

  /// Throws Error(input) for audio or names that cannot be used, Error(canceled) after a stop, and
  /// what device work throws. Failing stems are an error only when they are to be played.
  Source prepare(Order order, const std::stop_token& stop) const;

  /// The latents of audio [2, n]: what the VAE makes of it, and its structure. `start` is what was
  /// encoded of it before.
  library::Latents encode(const at::Tensor& audio, const std::stop_token& stop,
                          memory::Priority priority = memory::Priority::interactive,
                          studio::EncodedStart start = {}) const;
  /// Both stems of audio [2, n] at 48 kHz.
  Stems separate(const at::Tensor& audio, const std::stop_token& stop,
                 memory::Priority priority = memory::Priority::interactive) const;

 private:
  library::Track find(const std::string& name) const;
  std::optional<Stems> stems_of(const std::optional<library::Track>& track, const at::Tensor& audio,
                                bool played, const std::stop_token& stop) const;
  bool wait_for_rip(const library::Track& track, const std::stop_token& stop) const;
  library::Latents latents_of(const std::optional<library::Track>& track, wire::StemMode mode,
                              const at::Tensor& audio, const std::stop_token& stop) const;

  Stage& stage_;
  std::string owner_;
};

/// Between the library's samples and tensors.
at::Tensor tensor_of(const wire::Pcm& pcm);
wire::Pcm pcm_of(const at::Tensor& audio);

}  // namespace headroom::session
