// The bookkeeping of a device's memory pool, as GPU frameworks keep it: memory is taken from the
// system in segments, cut into blocks, and kept for reuse when a block is freed. What users hold is
// `used`, what the pool holds is `reserved`; the difference is what makes servers die while half of
// their card is idle, so it is modelled and not wished away.
//
// The rules are those of PyTorch's CUDA caching allocator (documented in its notes on memory
// management): sizes are rounded to kRounding; up to kSmallRequest they come from segments of
// kSmallSegment, up to kMediumRequest from segments of kMediumSegment, larger ones from segments of
// their own in steps of kSegmentStep; the smallest free block that fits serves a request and is
// split when enough is left over; freed neighbours merge; a whole free segment goes back to the
// system only in trim(). When the cap stands in the way, the pool trims itself once and tries again
// before it gives up. With `expandable` there is one segment per size class that grows and shrinks
// by pages, so that free memory in it is never lost to fragmentation between segments.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>

namespace headroom::memory {

inline constexpr std::uint64_t kRounding = 512;
inline constexpr std::uint64_t kSmallRequest = 1 << 20;
inline constexpr std::uint64_t kSmallSegment = 2 << 20;
inline constexpr std::uint64_t kMediumRequest = 10 << 20;
inline constexpr std::uint64_t kMediumSegment = 20 << 20;
inline constexpr std::uint64_t kSegmentStep = 2 << 20;

/// Where segments come from. Addresses must be real for a device that computes; a test may hand out
/// numbers. Not called concurrently.
class SegmentSource {
 public:
  virtual ~SegmentSource() = default;
  /// `bytes` of memory, aligned to a page, or nullptr when the system has none.
  virtual std::byte* map(std::uint64_t bytes) = 0;
  virtual void unmap(std::byte* begin, std::uint64_t bytes) = 0;
  /// A range of addresses that later parts can be made usable in; nullptr when there is none.
  virtual std::byte* reserve(std::uint64_t bytes) = 0;
  /// Makes [begin, begin + bytes) of a reserved range usable; false when the system has none.
  virtual bool commit(std::byte* begin, std::uint64_t bytes) = 0;
  virtual void decommit(std::byte* begin, std::uint64_t bytes) = 0;
  virtual void release(std::byte* begin, std::uint64_t bytes) = 0;
};

struct PoolSettings {
  std::uint64_t cap = 0;  // `reserved` never exceeds it
  bool expandable = true;
};

/// All in bytes; monotone counters count since construction.
struct PoolStats {
  std::uint64_t used = 0;
  std::uint64_t reserved = 0;
  std::uint64_t peak_used = 0;
  std::uint64_t peak_reserved = 0;
  std::uint64_t largest_free = 0;  // the largest request that needs no new memory
  std::uint64_t allocations = 0;
  std::uint64_t trims = 0;
  std::uint64_t refusals = 0;
};

/// Not thread-safe: its device locks.
class CachingPool {
 public:
  CachingPool(SegmentSource& source, PoolSettings settings);
  ~CachingPool();
  CachingPool(const CachingPool&) = delete;
  CachingPool& operator=(const CachingPool&) = delete;

  /// A block of at least `bytes` (0 counts as 1), aligned to kRounding, or nullptr when the cap or
  /// the system refuses, after one trim. The state is then as before, trimmed.
  std::byte* allocate(std::uint64_t bytes);
  /// `block` must be one that allocate() gave and that is not free. Returns its size.
  std::uint64_t free(std::byte* block);
  /// Gives everything that is free and whole back to the system; returns how much.
  std::uint64_t trim();

  /// Returns the previous cap. A cap below `reserved` is kept from now on: trim() may be needed to
  /// get there.
  std::uint64_t set_cap(std::uint64_t cap);
  /// What a request really takes from the pool.
  static std::uint64_t rounded(std::uint64_t bytes);
  void reset_peaks();
  PoolStats stats() const;

  /// Checks every invariant of the bookkeeping; empty when all hold, else what does not. For tests.
  const char* check() const;

 private:
  struct Segment;
  struct Block;
  struct Smaller {
    bool operator()(const Block* a, const Block* b) const;
  };
  enum class Class { small, large };
  using FreeBlocks = std::set<Block*, Smaller>;

  static Class class_of(std::uint64_t size);
  FreeBlocks& free_blocks(Class size_class) {
    return size_class == Class::small ? small_free_ : large_free_;
  }
  Block* find(std::uint64_t size, Class size_class);
  Block* grow(std::uint64_t size, Class size_class);
  Block* grow_new(std::uint64_t size, Class size_class);
  Block* grow_expandable(std::uint64_t size, Class size_class);
  std::byte* hand_out(Block* block, std::uint64_t size);
  Block* merge(Block* block);
  std::uint64_t trim_segment(Segment& segment);
  std::uint64_t trim_expandable(Segment& segment);
  void note_reserved(std::uint64_t bytes);

  SegmentSource& source_;
  PoolSettings settings_;
  PoolStats stats_;
  std::map<std::byte*, std::unique_ptr<Segment>> segments_;
  std::map<std::byte*, Block*> used_;
  FreeBlocks small_free_;
  FreeBlocks large_free_;
  Segment* expandable_[2] = {nullptr, nullptr};
};

}  // namespace headroom::memory
