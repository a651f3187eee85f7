// From a knob to the sound that it changes: two ticks and a decode, counted in steps of the device,
// so that a slow machine only takes longer.
#include <cmath>
#include <functional>
#include <utility>

#include "session/listener.h"

namespace headroom::session {
namespace {

using namespace std::chrono_literals;

// A listener with a copy of the buffer, who sees which slices change something.
class Ears {
 public:
  explicit Ears(std::int64_t frames) : mirror_(static_cast<std::size_t>(frames) * 2) {}
  /// Outlives the hall.
  void watch(Hall& hall) {
    hall.studio.telemetry().add_sink([this](const memory::MemoryEvent& event) {
      if (event.what != "step") return;
      std::function<void()> turn;
      {
        const std::scoped_lock lock(mutex_);
        ticks_ += event.name == "tick" ? 1 : 0;
        decodes_ += event.name == "decode window" ? 1 : 0;
        if (event.name == "tick" && turn_) {
          turn = std::exchange(turn_, nullptr);
          asked_ = Steps{ticks_, decodes_};
          answer_.reset();
        }
      }
      if (turn) turn();
    });
  }

  struct Steps {
    int ticks = 0;
    int decodes = 0;
    int all() const { return ticks + decodes; }
  };

  Publish publish() {
    return [this](const wire::Event& event) {
      const auto* const slice = std::get_if<wire::Slice>(&event);
      if (slice == nullptr) return;
      const std::scoped_lock lock(mutex_);
      const bool changed = write(*slice);
      still_ = changed ? 0 : still_ + slice->samples->size();
      if (changed && asked_ && !answer_)
        answer_ = Steps{ticks_ - asked_->ticks, decodes_ - asked_->decodes};
      came_.notify_all();
    };
  }

  // Until slices have gone around without a change, and right after one.
  bool wait_until_still() {
    std::unique_lock lock(mutex_);
    still_ = 0;
    return came_.wait_for(lock, 300s, [&] { return still_ > mirror_.size(); });
  }
  // Turns a knob while a tick runs, too late for it.
  void turn_in_a_tick(std::function<void()> turn) {
    const std::scoped_lock lock(mutex_);
    turn_ = std::move(turn);
    asked_.reset();
    answer_.reset();
  }
  // Steps between that tick and the first slice that is different.
  std::optional<Steps> answer() {
    std::unique_lock lock(mutex_);
    came_.wait_for(lock, 300s, [&] { return answer_.has_value(); });
    return answer_;
  }

 private:
  bool write(const wire::Slice& slice) {
    auto* const mine = mirror_.data() + std::size_t{slice.start} * 2;
    double sum = 0.0;
    for (std::size_t i = 0; i < slice.samples->size(); ++i) {
      const float change = (*slice.samples)[i] - mine[i];
      mine[i] += change;
      sum += static_cast<double>(change) * change;
    }
    return std::sqrt(sum / static_cast<double>(slice.samples->size())) > 1e-3;
  }

  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<float> mirror_;
  std::size_t still_ = 0;
  int ticks_ = 0;
  int decodes_ = 0;
  std::function<void()> turn_;
  std::optional<Steps> asked_;
  std::optional<Steps> answer_;
};

TEST(Knob, IsHeardAfterTwoTicksAndADecode) {
  const auto source = sound(4.0);
  Ears ears(source.frames);
  Hall hall;
  ears.watch(hall);
  // As deep as it has steps: every tick finishes a latent.
  Session session(
      hall.stage,
      {.id = "abcdefgh", .config = {.vae_window = 3.0, .depth = 2, .steps = 2}, .pcm = source},
      ears.publish());
  wire::Params params;
  params.raw = {{"denoise", 0.8}, {"ch_g0", 1.0}};
  session.post(params);
  int within = 0;
  constexpr int kTurns = 4;
  for (int i = 0; i < kTurns; ++i) {
    ASSERT_TRUE(ears.wait_until_still());
    params.raw["ch_g0"] = i % 2 == 0 ? 2.9 : 0.1 + 0.01 * i;
    ears.turn_in_a_tick([&] { session.post(params); });
    const auto steps = ears.answer();
    ASSERT_TRUE(steps);
    EXPECT_EQ(steps->ticks, 1) << "turn " << i;
    within += steps->decodes == 1 ? 1 : 0;
  }
  // Where the machine was busy with others for longer than what is written reaches, windows of the
  // old sound go first.
  EXPECT_GE(within, kTurns / 2);
}

// A session that rests does not sleep on when somebody comes.
TEST(Score, ARestEndsWithACommand) {
  Score score(0.0, 0.0);
  const auto before = score.view(0.0, false);
  wire::Params params;
  (void)score.set_params(params, {{"denoise", 0.5}}, 1.0);
  score.rest(300.0, before);  // what came since the view counts
  const auto after = score.view(1.0, false);
  std::thread later([&] { score.touch(2.0); });
  score.rest(300.0, after);
  later.join();
  const auto began = std::chrono::steady_clock::now();
  score.rest(0.05, score.view(3.0, false));
  EXPECT_GE(std::chrono::steady_clock::now() - began, 50ms) << "nobody came";
}

}  // namespace
}  // namespace headroom::session
