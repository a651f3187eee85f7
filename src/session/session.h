// One listener's session: a source that is re-imagined while it plays, and everything that can be
// changed meanwhile.
//
//   post()  ──► commands (in order: prompts, references, LoRAs) ──┐
//           ──► sources (a swap is prepared beside them)        ──┼─► Score ──► Runner ──►
//           publish()
//   params, blends, bands ────────────────────────────────────────┘
//
// Nothing here waits for a network; what is slow on the client's side is the publisher's matter.
// Source: specification of the protocol, sections 1.2 to 1.4 and 4.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "session/prompts.h"
#include "session/runner.h"
#include "session/serial.h"
#include "wire/commands.gen.h"
#include "wire/events.gen.h"

namespace headroom::session {

/// What a session begins with.
struct Start {
  std::string id;  // also the owner of everything that it takes on the device
  wire::SessionConfig config;
  /// What the client sent; none: config.fixture_name is loaded from the library.
  std::optional<wire::Pcm> pcm{};
};

/// Methods may be called from any thread and never wait, except for the destructor.
class Session {
 public:
  /// Begins at once: Ready, or InitError and nothing after it, comes through `publish`. Not after
  /// Ready: RuntimeError, when the session cannot go on.
  Session(Stage& stage, Start start, Publish publish);
  /// Returns when everything that the session held on the device is back.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Carried out in the order of the calls; answers come through `publish`. `pcm` belongs to
  /// commands for which wire::wants_audio() is true.
  void post(wire::Command command, std::optional<wire::Pcm> pcm = {});

  /// Ends the work at the next chunk; the destructor then has little to wait for.
  void stop();

  /// Nobody listens any more: nothing is told or made anew until attach().
  void detach();
  /// A listener is back: he gets Ready with the buffer as it is now and the session's state.
  void attach(Publish publish);

  /// State for the control bus.
  wire::Snapshot snapshot() const;
  /// Whether it plays now: Ready was told and nothing has ended it.
  bool playing() const { return playing_; }
  const std::string& id() const { return start_.id; }
  /// Library track that plays, by id; empty: none.
  std::string track_id() const;

 private:
  struct Names {  // of what is in force, for snapshots
    std::optional<std::string> timbre;
    std::optional<std::string> structure;
  };

  void tell(wire::Event event);
  double now() const;
  void create(const std::stop_token& stop);
  void run(const std::stop_token& stop);
  void enable_first_loras();
  void hand_over(Turnover turnover, const std::stop_token& stop);
  void swap(const wire::SwapSource& command, const std::shared_ptr<const Source>& source,
            const std::stop_token& stop);
  void prepare_swap(const wire::SwapSource& command, std::optional<wire::Pcm> pcm);
  at::Tensor refitted_structure(const Source& source, const std::stop_token& stop);
  void began(const Turnover& turnover, wire::AudioBlock buffer);
  void refused(const Turnover& turnover, const std::exception& error);
  void fail_creation(const std::exception& error);
  void tell_stems(const Source& source);
  wire::Ready ready(const Source& source, wire::AudioBlock buffer) const;
  RunnerSettings runner_settings() const;
  RunnerCalls runner_calls();

  struct Carrier;  // one operator() for each command

  /// In the order of commands, and not before the first source plays; what it throws becomes the
  /// command's failure.
  void in_order(const wire::Command& command,
                std::function<void(const Source& source, const std::stop_token& stop)> work);
  void use_timbre(const std::string& name, const at::Tensor& audio, const Source& source,
                  const std::stop_token& stop);
  void use_structure(const std::string& name, const at::Tensor& audio, const Source& source,
                     const std::stop_token& stop);
  at::Tensor fixture(const std::string& name) const;
  void encode_negative();
  std::shared_ptr<const Source> source() const;

  Stage& stage_;
  const Start start_;
  const double started_at_;
  mutable std::mutex publish_mutex_;
  Publish publish_;
  Score score_;
  PromptDesk desk_;                 // the thread of commands_, as the next two
  std::vector<Serial::Job> early_;  // commands that came before the first source
  bool first_handed_ = false;       // to the runner, which took it or refused it
  mutable std::mutex mutex_;
  std::shared_ptr<const Source> source_;  // that plays, or is about to for the first time
  std::string prompt_a_, prompt_b_;       // as wanted last
  Names names_;
  std::uint64_t turns_ = 0;  // sources that the runner has taken or refused
  std::condition_variable turned_;
  std::stop_source swap_stop_;  // of the swap that is being prepared
  std::uint64_t swaps_ = 0;
  bool stopping_ = false;
  std::atomic<bool> playing_ = false;
  std::atomic<bool> negative_asked_ = false;
  std::optional<Runner> runner_;
  Serial commands_;
  Serial sources_;
  std::jthread runner_thread_;
};

}  // namespace headroom::session
