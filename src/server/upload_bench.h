// `headroom bench upload` without its command line: tracks sent to a running server as a client of
// the protocol does, and how long the answer takes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "server/wire_client.h"
#include "wire/types.h"

namespace headroom::server {

struct UploadBenchSettings {
  WireAddress address;
  int count = 3;  // one after the other
  /// The sound of the n-th; each one another, or the server has it already.
  std::function<wire::Pcm(int)> sound;
  double most_seconds = 600.0;  // that an answer may take
};

/// Seconds of one upload.
struct UploadTiming {
  double transfer = 0.0;  // from the header to the last byte in the kernel's hands
  double answer = 0.0;    // from there to upload_ok
  double length = 0.0;    // of the track
};

/// Stops early when `stop` says so. Throws Error(input) when there is no server or it refuses one.
std::vector<UploadTiming> bench_upload(const UploadBenchSettings& settings,
                                       const std::function<bool()>& stop);

nlohmann::json to_json(const std::vector<UploadTiming>& uploads);
std::string to_text(const std::vector<UploadTiming>& uploads);

}  // namespace headroom::server
