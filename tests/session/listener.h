// A client in the process: keeps every event in its order.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "session/session.h"
#include "session/uploads.h"
#include "studio/small_session.h"
#include "wire/message.h"

namespace headroom::session {

using studio::kMiB;
using studio::test_audio;

class Listener {
 public:
  Publish publish() {
    return [this](wire::Event event) {
      // Under the lock: who has heard it may be gone right afterwards, and this with him.
      const std::scoped_lock lock(mutex_);
      events_.push_back(std::move(event));
      changed_.notify_all();
    };
  }

  /// The first event of that type from `from` on, which is moved behind it; fails the test when
  /// none comes in time.
  template <class Event>
  Event wait(std::size_t& from, std::chrono::seconds limit = std::chrono::seconds(300)) {
    std::unique_lock lock(mutex_);
    Event found;
    const bool there = changed_.wait_for(lock, limit, [&] {
      for (; from < events_.size(); ++from) {
        if (const auto* event = std::get_if<Event>(&events_[from])) {
          found = *event;
          ++from;
          return true;
        }
      }
      return false;
    });
    if (!there) ADD_FAILURE() << "no " << Event::kType << " came; " << said(lock);
    return found;
  }
  template <class Event>
  Event wait() {
    return wait<Event>(from_);
  }

  /// Whether that comes before a refusal does.
  template <class Event>
  bool comes() {
    std::unique_lock lock(mutex_);
    bool came = false;
    (void)changed_.wait_for(lock, std::chrono::seconds(300), [&] {
      for (; from_ < events_.size(); ++from_) {
        const auto& event = events_[from_];
        came = std::holds_alternative<Event>(event);
        if (came || std::holds_alternative<wire::InitError>(event) ||
            std::holds_alternative<wire::UploadFailed>(event) ||
            std::holds_alternative<wire::StemFailed>(event)) {
          ++from_;
          return true;
        }
      }
      return false;
    });
    return came;
  }

  std::size_t count() {
    const std::scoped_lock lock(mutex_);
    return events_.size();
  }
  template <class Event>
  std::size_t count_of(std::size_t from = 0) {
    const std::scoped_lock lock(mutex_);
    std::size_t count = 0;
    for (; from < events_.size(); ++from) count += std::holds_alternative<Event>(events_[from]);
    return count;
  }
  /// The type of the n-th event.
  std::string type(std::size_t n) {
    const std::scoped_lock lock(mutex_);
    return std::string(wire::type_of(events_.at(n)));
  }

 private:
  std::string said(const std::unique_lock<std::mutex>& /*held*/) const {
    std::string text = "what came:";
    for (std::size_t i = events_.size() > 12 ? events_.size() - 12 : 0; i < events_.size(); ++i) {
      const auto& event = events_[i];
      text += " ";
      text += std::holds_alternative<wire::Slice>(event) ? "slice" : wire::to_json(event).dump();
    }
    return text;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<wire::Event> events_;
  std::size_t from_ = 0;
};

/// Everything that a server has, with the smallest model. Sessions make music also when nobody
/// turns anything: on a slow machine a test waits longer than their patience.
struct Hall {
  explicit Hall(std::uint64_t memory = 512 * kMiB, library::LibraryLimits limits = {})
      : studio(studio::SmallModel::shared().open(), studio::small_settings(memory, true)),
        library(folder.path(), limits),
        loras(studio, {folder.path() / "loras"}),
        stage{studio, library, loras, {.idle_pause = 0.0}} {}
  ~Hall() {
    for (const auto& event : studio.telemetry().recent())
      EXPECT_NE(event.what, "defect") << event.json() << " took more than its plan";
  }

  TempFolder folder;
  studio::Studio studio;
  library::Library library;
  LoraShelf loras;
  Stage stage;
};

/// Noise of 4 s and more, as a client sends it.
inline wire::Pcm sound(double seconds = 4.0, std::uint64_t seed = 8) {
  return pcm_of(test_audio(seconds, 48000, seed));
}

inline Start start(wire::SessionConfig config = {}) {
  return {.id = "abcdefgh", .config = std::move(config), .pcm = sound()};
}

}  // namespace headroom::session
