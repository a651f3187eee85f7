// A small engine for the transport's tests: sessions that answer every command with the frames that
// a real one would send, over audio that they were given. No network stands behind it; what is
// tested is everything between it and the client.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

#include "library/content_hash.h"
#include "library/library.h"
#include "server/engine.h"

namespace headroom::server::test {

class SmallEngine : public Engine {
 public:
  explicit SmallEngine(library::Library& library) : library_(library) {}
  ~SmallEngine() override;

  std::unique_ptr<SessionPort> open(SessionRequest request, Publish publish) override;
  void begin_upload(UploadRequest upload, Publish answer, Publish push) override;
  bool ready(std::string& why) const override;
  nlohmann::json loras() const override { return {{"loras", nlohmann::json::array()}}; }
  nlohmann::json memory() const override;
  nlohmann::json info() const override { return {{"checkpoint", "small"}}; }

  void end_uploads() override;

  /// Push stems of an upload, as a rip that ended would.
  void finish_rips();

  std::chrono::milliseconds tick{5};
  std::atomic<int> crash_after_slices{-1};
  std::atomic<std::size_t> slice_frames{480};
  std::chrono::milliseconds teardown{0};
  // Sessions that hold "memory" now, and the most there ever were.
  std::atomic<int> alive{0};
  std::atomic<int> most_alive{0};
  std::atomic<int> opened{0};

 private:
  friend class SmallSession;
  struct Rip {
    library::Track track;
    wire::Pcm source;
    Publish push;
  };

  library::Library& library_;
  std::mutex mutex_;
  std::vector<Rip> rips_;
  std::vector<std::thread> uploads_;
};

}  // namespace headroom::server::test
