#include "base/progress.h"

#include <cstdio>
#include <unistd.h>

#include <fmt/format.h>

namespace headroom {
namespace {

class NoProgress : public Progress {
 public:
  void stage(std::string_view /*name*/, std::int64_t /*total*/) override {}
  void step() override {}
};

constexpr int kBarWidth = 30;
constexpr std::chrono::milliseconds kRedraw{100};

}  // namespace

Progress& no_progress() {
  static NoProgress instance;
  return instance;
}

TerminalProgress::TerminalProgress(bool enabled)
    : enabled_(enabled && ::isatty(STDERR_FILENO) != 0) {}

TerminalProgress::~TerminalProgress() { finish(); }

void TerminalProgress::stage(std::string_view name, std::int64_t total) {
  finish();
  name_ = name;
  total_ = total;
  done_ = 0;
  began_ = std::chrono::steady_clock::now();
  draw();
}

void TerminalProgress::step() {
  ++done_;
  if (done_ >= total_ || std::chrono::steady_clock::now() - drawn_ >= kRedraw) draw();
}

void TerminalProgress::draw() {
  if (!enabled_ || total_ <= 0) return;
  drawn_ = std::chrono::steady_clock::now();
  const auto filled = static_cast<int>(kBarWidth * done_ / total_);
  const double seconds = std::chrono::duration<double>(drawn_ - began_).count();
  const double left =
      done_ > 0 ? seconds / static_cast<double>(done_) * static_cast<double>(total_ - done_) : 0.0;
  fmt::print(stderr, "\r{:<12} [{:#<{}}{:.<{}}] {:>3}%  {:.0f} s left \033[K", name_, "", filled,
             "", kBarWidth - filled, 100 * done_ / total_, left);
  std::fflush(stderr);
}

void TerminalProgress::finish() {
  if (enabled_ && total_ > 0) {
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    fmt::print(stderr, "\r{:<12} {} of {} in {:.1f} s\033[K\n", name_, done_, total_, seconds);
  }
  total_ = 0;
}

}  // namespace headroom
