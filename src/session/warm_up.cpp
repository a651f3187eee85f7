#include "session/warm_up.h"

#include <chrono>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "studio/piece.h"

namespace headroom::session {
namespace {

// Ends the piece at its next chunk when the server ends.
class Stoppable : public Progress {
 public:
  explicit Stoppable(std::stop_token stop) : stop_(std::move(stop)) {}
  void stage(std::string_view /*name*/, std::int64_t /*total*/) override {}
  void step() override {
    if (stop_.stop_requested()) throw Error(ErrorKind::canceled, "the server ends");
  }

 private:
  std::stop_token stop_;
};

}  // namespace

WarmUp::WarmUp(studio::Studio& studio)
    : studio_(studio), thread_([this](const std::stop_token& stop) { run(stop); }) {}

WarmUp::State WarmUp::state() const {
  const std::scoped_lock lock(mutex_);
  return state_;
}

void WarmUp::run(const std::stop_token& stop) {
  const auto began = std::chrono::steady_clock::now();
  std::string error;
  try {
    const at::NoGradGuard no_grad;
    Stoppable progress(stop);
    studio::PieceSettings settings;
    settings.steps = 1;
    settings.prompt.caption = "warm-up";
    const auto& vae = studio_.networks().configs().vae;
    const auto second = at::zeros({vae.audio_channels, vae.sample_rate});
    studio::make_cover(
        studio_, second, settings, [](const at::Tensor&) {}, progress);
  } catch (const std::exception& problem) {
    if (stop.stop_requested()) return;
    error = printable(problem.what(), 300);
    log::error("warm-up: {}", error);
  }
  const std::scoped_lock lock(mutex_);
  state_ = {true, error,
            std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count()};
}

}  // namespace headroom::session
