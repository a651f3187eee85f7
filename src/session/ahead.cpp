#include "session/ahead.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/log.h"
#include "library/content_hash.h"
#include "session/preparer.h"

namespace headroom::session {
namespace {

constexpr std::int64_t kChannels = 2;

// Bit for bit: zeros have a sign.
bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  const auto bytes = static_cast<std::size_t>(a.size(1)) * sizeof(float);
  for (std::int64_t c = 0; c < kChannels; ++c) {
    if (std::memcmp(a[c].data_ptr<float>(), b[c].data_ptr<float>(), bytes) != 0) return false;
  }
  return true;
}

}  // namespace

Ahead::Ahead(Stage& stage)
    : stage_(stage), owner_("upload " + library::random_id()), heard_(kChannels) {}

Ahead::~Ahead() {
  stage_.studio.executor().between_steps([&](memory::Residency& r) { r.retire(owner_); });
}

void Ahead::add(const at::Tensor& block, const std::stop_token& stop) {
  if (given_up_) return;
  try {
    heard_.add(block);
    encode(stop);
  } catch (const std::exception& error) {
    given_up_ = true;
    if (!stop.stop_requested())
      log::info("{} is not encoded ahead any further: {}", owner_, error.what());
  }
}

void Ahead::encode(const std::stop_token& stop) {
  // The track will be whole pools: of what has come, only these are sure to be in it.
  const auto sure = heard_.length() / kPoolSamples * kPoolSamples;
  if (sure == 0) return;
  auto& studio = stage_.studio;
  StopAtChunk progress(stop);
  studio::EncodeTask task(
      studio.networks(),
      {.name = "encode", .owner = owner_, .priority = memory::Priority::background, .deadline = {}},
      heard_.view().narrow(1, 0, sure), kPosteriorSeed, progress, encoded_,
      studio::EncodeTask::End::to_come);
  if (!task.next()) return;
  try {
    studio.executor().run(task);
  } catch (...) {
    encoded_ = task.encoded();  // the chunks before
    throw;
  }
  encoded_ = task.encoded();
}

studio::EncodedStart Ahead::start_of(const at::Tensor& audio) const {
  const auto used = encoded_.samples(stage_.studio.networks().configs().vae.hop());
  if (used == 0 || used > audio.size(1) || used > heard_.length()) return {};
  if (!same_bits(heard_.view().narrow(1, 0, used), audio.narrow(1, 0, used))) {
    log::info("{}: what was decoded early is not what came in the end; it is encoded anew", owner_);
    return {};
  }
  return encoded_;
}

}  // namespace headroom::session
