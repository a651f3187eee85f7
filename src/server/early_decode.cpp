#include "server/early_decode.h"

#include "audio/load.h"
#include "base/error.h"
#include "session/playback.h"
#include "wire/constants.gen.h"

namespace headroom::server {

EarlyDecode::EarlyDecode(const std::filesystem::path& file, std::uint64_t size,
                         double longest_seconds, std::unique_ptr<UploadAhead> to)
    : file_(file, static_cast<std::int64_t>(size)),
      longest_seconds_(longest_seconds),
      to_(std::move(to)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

EarlyDecode::~EarlyDecode() {
  stop();
  if (thread_.joinable()) thread_.join();
}

void EarlyDecode::reach(std::uint64_t front) { file_.reach(static_cast<std::int64_t>(front)); }

void EarlyDecode::stop() {
  thread_.request_stop();
  file_.close();
}

std::unique_ptr<UploadAhead> EarlyDecode::finish() {
  stop();
  thread_.join();
  return std::move(to_);
}

void EarlyDecode::run(const std::stop_token& stop) noexcept {
  try {
    LoadSettings settings;
    settings.channels = wire::kChannels;
    settings.bad_samples = BadSamples::silence;
    settings.longest_seconds = longest_seconds_;
    AudioBlocks blocks(AudioReader(file_, "an upload", settings.bad_samples),
                       static_cast<int>(wire::kSampleRate), settings);
    while (!stop.stop_requested()) {
      const auto block = blocks.next();
      // The end of what came early says nothing of the track's.
      if (!block || blocks.ended()) return;
      to_->add(session::interleaved(*block), stop);
    }
  } catch (const std::exception&) {
    // The whole file is decoded in the end, and then it is said what is wrong with it.
    return;
  }
}

}  // namespace headroom::server
