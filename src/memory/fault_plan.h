// Makes chosen device operations fail, so that every answer to a refusal can be tested on any
// machine (SQLite's method: walk n through an operation, once and for ever).
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace headroom::memory {

/// Which requests fail. Requests are counted from 1, among those whose purpose contains `purpose`.
struct FaultPlan {
  enum class Mode {
    none,
    once,         // the n-th
    from,         // the n-th and all that follow
    until_freed,  // the n-th and all that follow, until `bytes` have been freed since the n-th
  };
  Mode mode = Mode::none;
  std::uint64_t n = 1;
  std::uint64_t bytes = 0;
  std::string purpose;  // empty: all
};

/// Counts requests and decides. Thread-safe.
class FaultInjector {
 public:
  /// Starts counting anew with this plan.
  void arm(FaultPlan plan);
  void disarm();

  /// One request for `purpose`: true when it must fail.
  bool fails(std::string_view purpose);
  void freed(std::uint64_t bytes);

  /// Matching requests since arm(), and how many of them failed.
  std::uint64_t requests() const;
  std::uint64_t failures() const;

 private:
  mutable std::mutex mutex_;
  FaultPlan plan_;
  std::uint64_t requests_ = 0;
  std::uint64_t failures_ = 0;
  std::uint64_t freed_ = 0;
};

}  // namespace headroom::memory
