// Who leaves for the separator. Its weights and workspace are the largest guest of a session; the
// policy says whether the conditioning and encoding components make way for it. The diffusion
// decoder and the VAE decoder of a session that plays never do. Source: specification "Server
// behaviour", rows S18–S32 and section 8.1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "memory/residency.h"

namespace headroom::memory {

enum class SeparatorPark { always, automatic, never };
std::string_view to_string(SeparatorPark park);

/// `always`, `auto`, `never` in any case; anything else, or nothing, is `always`.
SeparatorPark parse_separator_park(std::string_view text);

inline constexpr double kSeparatorReserveGiB = 6.0;
/// GiB from text; below zero is 0, what is no number is kSeparatorReserveGiB.
double parse_separator_reserve(std::string_view text);

struct SeparatorPolicy {
  SeparatorPark park = SeparatorPark::always;
  /// Under `auto`: parks when less than this could be claimed.
  std::uint64_t reserve = static_cast<std::uint64_t>(kSeparatorReserveGiB * (1ULL << 30));
  /// Weights stay in system memory between separations; without, they are read from disk each time.
  bool keep_in_memory = true;
};

/// Whether a separation that begins now parks: `claimable` is what the card has free and what the
/// pool holds unused.
bool should_park(const SeparatorPolicy& policy, std::uint64_t claimable);
std::uint64_t claimable_bytes(const DeviceUsage& usage);

/// One separation's stay on the device, from the first to the last chunk and however it ends. Each
/// transition is an event `stems_vram` whose purpose is the phase: before, parked, loaded,
/// separated, released, restored; parked and restored only where something was parked, loaded and
/// separated only where it came so far. Executor's thread alone.
class SeparatorStay {
 public:
  SeparatorStay(Residency& residency, SeparatorPolicy policy, Component& separator,
                std::string owner);
  /// Ends it if it was not; errors are then logged and dropped.
  ~SeparatorStay();
  SeparatorStay(const SeparatorStay&) = delete;
  SeparatorStay& operator=(const SeparatorStay&) = delete;

  /// A chunk is about to run: the separator is on the device.
  void loaded();
  /// The last chunk has run.
  void separated();
  /// The separator leaves, then what it displaced comes back. Throws what a restore throws, after
  /// the others were restored.
  void end();

  bool parks() const { return parks_; }

 private:
  void tell(const char* phase);

  Residency& residency_;
  Component& separator_;
  std::string owner_;
  bool parks_ = false;
  bool was_exclusive_ = false;
  bool loaded_ = false;
  bool ended_ = false;
  std::vector<Component*> displaced_;
};

}  // namespace headroom::memory
