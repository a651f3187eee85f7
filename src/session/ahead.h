// The encode of an upload that is still arriving: what has come is encoded, chunk by chunk, so that
// only its end is left to do when the last byte is there.
#pragma once

#include <stop_token>
#include <string>

#include "audio/collector.h"
#include "session/stage.h"
#include "studio/tasks.h"

namespace headroom::session {

/// One thread at a time. What is decoded early is not yet believed: start_of() compares it with the
/// track as it was in the end, and chunks of anything else do not count.
class Ahead {
 public:
  explicit Ahead(Stage& stage);
  /// Leaves the device as it was. Waits for the executor between two steps.
  ~Ahead();
  Ahead(const Ahead&) = delete;
  Ahead& operator=(const Ahead&) = delete;

  /// The next samples [2, n] at 48 kHz. Encodes the chunks that are complete with them, as
  /// background work, and waits for that; ends at the next chunk after a stop. Trouble of any kind
  /// (no memory, a broken model) ends the work ahead and is met again, and told, by the upload.
  void add(const at::Tensor& block, const std::stop_token& stop);

  /// What is encoded of `audio` [2, n], the track in its stored length.
  studio::EncodedStart start_of(const at::Tensor& audio) const;

  /// For whom the device works.
  const std::string& owner() const { return owner_; }

 private:
  void encode(const std::stop_token& stop);

  Stage& stage_;
  std::string owner_;
  Collector heard_;
  studio::EncodedStart encoded_;
  bool given_up_ = false;
};

}  // namespace headroom::session
