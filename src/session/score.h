// What is to be played: everything that commands set and the runner reads. The only state that the
// threads of a session share.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "diffusion/lora.h"
#include "diffusion/playhead.h"
#include "diffusion/prompt_blend.h"
#include "diffusion/runner_plan.h"
#include "diffusion/window_plan.h"
#include "session/source.h"
#include "wire/commands.gen.h"

namespace headroom::session {

/// Two prompts as words, and encoded for the source that they belong to.
struct Prompts {
  std::string a;
  std::string b;
  diffusion::PromptPair encoded{};
};

/// A source that is ready to take over, with the prompts encoded for it.
struct Turnover {
  std::shared_ptr<const Source> source;
  Prompts prompts;
  /// The structure reference fitted to it; undefined: its own structure.
  at::Tensor structure{};
  std::optional<std::string> request_id{};
  bool first = false;  // the session begins with it
};

/// A change to the set of enabled LoRAs.
struct LoraChange {
  std::string id;
  std::optional<double> strength{};               // none: disable
  std::shared_ptr<const diffusion::Lora> lora{};  // null: it is enabled already
  std::size_t order = 0;                          // its place in the catalogue
  std::optional<std::string> request_id{};
};

/// What one iteration of the runner goes by.
struct View {
  std::shared_ptr<const Source> source;
  diffusion::EncodedPrompt condition;
  diffusion::EncodedPrompt negative;  // undefined states: none yet
  at::Tensor structure;               // undefined: the source's own
  nlohmann::json knobs;
  std::optional<diffusion::LoopBand> band;
  double heard = 0.0;              // seconds into a buffer of the source's length
  diffusion::Activity activity{};  // whether to work at all
  /// Grows with everything that a new generation would be made of.
  std::uint64_t version = 0;
  bool paused = false;
  std::uint64_t touches = 0;  // commands until now
};

/// Thread-safe. Times are seconds of one steady clock.
class Score {
 public:
  /// `idle_after` seconds without any command the music is not made anew; 0: it always is.
  Score(double idle_after, double now);

  // Commands.
  /// Merges checked knobs, follows the playhead; true when a knob changed.
  bool set_params(const wire::Params& params, const nlohmann::json& checked, double now);
  void set_band(std::optional<diffusion::LoopBand> band, double now);
  void set_prompts(Prompts prompts, double now);
  void set_blend(double blend, double now);
  void set_timbre_strength(double strength, double now);
  void set_structure(at::Tensor hints, double now);
  void set_negative(diffusion::EncodedPrompt negative);
  void set_depth(std::int64_t depth, double now);
  void add_lora(LoraChange change, double now);
  void set_turnover(Turnover turnover, double now);
  void touch(double now);
  /// Nobody listens: nothing is made anew until somebody does.
  void set_paused(bool paused, double now);

  // The runner.
  View view(double now, bool has_latent);
  std::optional<Turnover> take_turnover();
  std::vector<LoraChange> take_loras();
  std::optional<std::int64_t> take_depth();
  /// The source plays from now on, from its beginning.
  void begin(const Turnover& turnover, double now);
  /// What view() would say of it now.
  std::uint64_t version() const;
  /// Back after so many seconds, or when there was a command that the view did not see.
  void rest(double seconds, const View& seen);
  /// The client's worst landing lead since the last call, if he said one.
  std::optional<double> take_landing();

  Prompts prompts() const;
  double blend() const;
  double timbre_strength() const;
  nlohmann::json knobs() const;
  std::optional<diffusion::LoopBand> band() const;

 private:
  void compose();
  void touched(double now);

  mutable std::mutex mutex_;
  std::condition_variable came_;
  std::uint64_t touches_ = 0;  // commands until now
  std::shared_ptr<const Source> source_;
  Prompts prompts_;
  double blend_ = 0.0;
  double timbre_strength_ = 1.0;
  diffusion::EncodedPrompt condition_, negative_;
  at::Tensor structure_;
  nlohmann::json knobs_ = nlohmann::json::object();
  std::optional<diffusion::LoopBand> band_;
  diffusion::Playhead playhead_;
  diffusion::ReportDelay delay_;
  diffusion::IdleClock idle_;
  std::optional<double> landing_;
  std::uint64_t version_ = 0;
  bool paused_ = false;
  std::optional<Turnover> turnover_;
  std::vector<LoraChange> loras_;
  std::optional<std::int64_t> depth_;
};

}  // namespace headroom::session
