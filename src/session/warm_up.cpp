#include "session/warm_up.h"

#include <chrono>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "session/source.h"
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

// A pulse and a tone: there is a tempo and a key to be found.
at::Tensor something_to_hear() {
  constexpr double kSeconds = 8.0;
  const auto time = at::arange(static_cast<std::int64_t>(kSeconds * kSampleRate), at::kDouble)
                        .div_(static_cast<double>(kSampleRate));
  const auto pulse = at::remainder(time, 0.5).mul_(-20.0).exp_();
  return (time * 1382.0).sin_().mul_(pulse).mul_(0.5).to(at::kFloat).expand({2, -1}).contiguous();
}

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
    (void)analyse(something_to_hear());  // needs no device, and waits for none
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
