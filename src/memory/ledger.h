// Who holds how much of the device, and for what. Nothing is placed on a device without a lease:
// the promise that the rest of the program stands on is that the sum of the leases never exceeds
// the budget, and that whoever asks for more is told before anything happens.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/error.h"
#include "base/result.h"

namespace headroom::memory {

/// What a lease is for. Order of the list is the order in reports.
enum class Purpose {
  weights,    // a resident component
  workspace,  // activations of one task
  latents,    // what a session keeps: latents, conditions, caches
  context,    // the driver's own
};
std::string_view to_string(Purpose purpose);

struct LeaseRequest {
  std::string name;  // "vae_decoder", "separate chunk", …
  Purpose purpose = Purpose::workspace;
  std::uint64_t bytes = 0;
  std::string owner;  // the session, upload or command that it is for
  bool ends = false;  // it comes back by itself: whoever lacks room may wait for it
};

/// Why a lease was refused.
struct Shortfall {
  std::uint64_t asked = 0;
  std::uint64_t free = 0;  // of the budget
  std::uint64_t budget = 0;
  std::string largest;  // name of the largest lease, which is where to look first

  std::uint64_t missing() const { return asked - free; }
  /// "vae_encoder needs 1.2 GiB, 0.4 GiB of 6.0 GiB are free; the largest lease is …".
  std::string text(std::string_view name) const;
};

/// A Shortfall on its way to the user.
class Refused : public Error {
 public:
  Refused(std::string_view name, Shortfall shortfall)
      : Error(ErrorKind::memory, shortfall.text(name)), shortfall_(std::move(shortfall)) {}
  const Shortfall& shortfall() const { return shortfall_; }

 private:
  Shortfall shortfall_;
};

/// One transition, in the order in which they happened.
struct LedgerEvent {
  enum class Kind { granted, returned, resized, refused };
  Kind kind = Kind::granted;
  std::uint64_t id = 0;  // of the lease; 0 for a refusal
  LeaseRequest lease;
  std::uint64_t leased = 0;  // the sum after it
  std::uint64_t budget = 0;
};
std::string_view to_string(LedgerEvent::Kind kind);

class Lease;

/// Thread-safe. Outlives its leases (checked: a lease that is left over is a defect and ends the
/// process in the destructor's assertion).
class Ledger {
 public:
  using Listener = std::function<void(const LedgerEvent&)>;

  /// `listener` is called for every event, under the ledger's lock: it must be quick and must not
  /// call the ledger.
  explicit Ledger(std::uint64_t budget, Listener listener = {});
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  Result<Lease, Shortfall> lease(LeaseRequest request);
  /// Whether that many bytes would be granted now.
  bool fits(std::uint64_t bytes) const;
  /// What a request for that many bytes would be told if it did not fit.
  Shortfall shortfall(std::uint64_t bytes) const;
  /// Whether some lease will come back by itself.
  bool any_ends() const;

  std::uint64_t budget() const;
  std::uint64_t leased() const;
  std::uint64_t peak() const;
  /// Returns the previous budget. Below what is leased it refuses everything until enough came
  /// back.
  std::uint64_t set_budget(std::uint64_t bytes);

  struct Entry {
    std::uint64_t id;
    LeaseRequest lease;
  };
  /// What is leased now, oldest first.
  std::vector<Entry> entries() const;
  /// {"budget", "leased", "peak", "leases": [{"name", "purpose", "bytes", "owner"}]}.
  nlohmann::json snapshot() const;

 private:
  friend class Lease;
  void give_back(std::uint64_t id);
  bool resize(std::uint64_t id, std::uint64_t bytes);
  void tell(LedgerEvent::Kind kind, std::uint64_t id, const LeaseRequest& lease) const;
  Shortfall shortfall_locked(std::uint64_t asked) const;

  mutable std::mutex mutex_;
  std::uint64_t budget_;
  std::uint64_t leased_ = 0;
  std::uint64_t peak_ = 0;
  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, LeaseRequest> leases_;
  Listener listener_;
};

/// Part of the budget, given back by the destructor. Move-only; one thread at a time.
class Lease {
 public:
  Lease() = default;
  ~Lease() { reset(); }
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;

  explicit operator bool() const { return ledger_ != nullptr; }
  std::uint64_t bytes() const { return bytes_; }
  /// Grows or shrinks it; false, and nothing changed, when the budget does not allow that.
  [[nodiscard]] bool resize(std::uint64_t bytes);
  void reset();

 private:
  friend class Ledger;
  Lease(Ledger* ledger, std::uint64_t id, std::uint64_t bytes)
      : ledger_(ledger), id_(id), bytes_(bytes) {}

  Ledger* ledger_ = nullptr;
  std::uint64_t id_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace headroom::memory
