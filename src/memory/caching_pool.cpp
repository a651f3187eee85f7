#include "memory/caching_pool.h"

#include <algorithm>

namespace headroom::memory {
namespace {

// A leftover smaller than this stays with its block: rounding of small requests, a megabyte of
// large.
constexpr std::uint64_t kSmallestSmallSplit = kRounding;
constexpr std::uint64_t kSmallestLargeSplit = kSmallRequest;

// Pages by which an expandable segment grows and shrinks.
constexpr std::uint64_t kSmallPage = kSmallSegment;
constexpr std::uint64_t kLargePage = kMediumSegment;

// Addresses of an expandable segment are free of cost; this is more than any card has.
constexpr std::uint64_t kExpandableRange = std::uint64_t{1} << 38;

std::uint64_t round_up(std::uint64_t value, std::uint64_t step) {
  return (value + step - 1) / step * step;
}

}  // namespace

// Blocks of a segment form a list in order of address.
struct CachingPool::Block {
  Segment* segment;
  std::byte* begin;
  std::uint64_t size;
  bool used = false;
  Block* before = nullptr;
  Block* after = nullptr;
};

struct CachingPool::Segment {
  std::byte* begin;
  std::uint64_t size;  // of an expandable one: the range of addresses
  Class size_class;
  bool expandable;
  Block* first = nullptr;  // of an expandable one: only usable parts are in blocks, gaps in between

  ~Segment() {
    while (first != nullptr) {
      Block* next = first->after;
      delete first;
      first = next;
    }
  }
};

bool CachingPool::Smaller::operator()(const Block* a, const Block* b) const {
  return a->size != b->size ? a->size < b->size : a->begin < b->begin;
}

CachingPool::CachingPool(SegmentSource& source, PoolSettings settings)
    : source_(source), settings_(settings) {}

CachingPool::~CachingPool() {
  for (const auto& [begin, segment] : segments_) {
    if (!segment->expandable) {
      source_.unmap(segment->begin, segment->size);
      continue;
    }
    for (Block* block = segment->first; block != nullptr; block = block->after)
      source_.decommit(block->begin, block->size);
    source_.release(segment->begin, segment->size);
  }
}

std::uint64_t CachingPool::rounded(std::uint64_t bytes) {
  return round_up(std::max<std::uint64_t>(1, bytes), kRounding);
}

CachingPool::Class CachingPool::class_of(std::uint64_t size) {
  return size <= kSmallRequest ? Class::small : Class::large;
}

std::byte* CachingPool::allocate(std::uint64_t bytes) {
  // Far above any capacity: an overflow in a caller's arithmetic must be a refusal, not a small
  // block.
  if (bytes > kExpandableRange) {
    ++stats_.refusals;
    return nullptr;
  }
  const auto size = rounded(bytes);
  const auto size_class = class_of(size);
  Block* block = find(size, size_class);
  if (block == nullptr) block = grow(size, size_class);
  if (block == nullptr && trim() > 0) block = grow(size, size_class);
  if (block == nullptr) {
    ++stats_.refusals;
    return nullptr;
  }
  return hand_out(block, size);
}

CachingPool::Block* CachingPool::find(std::uint64_t size, Class size_class) {
  auto& blocks = free_blocks(size_class);
  Block wanted{nullptr, nullptr, size};
  const auto found = blocks.lower_bound(&wanted);
  if (found == blocks.end()) return nullptr;
  Block* block = *found;
  blocks.erase(found);
  return block;
}

CachingPool::Block* CachingPool::grow(std::uint64_t size, Class size_class) {
  return settings_.expandable ? grow_expandable(size, size_class) : grow_new(size, size_class);
}

// A new segment as one free block that is in no list yet, or nullptr.
CachingPool::Block* CachingPool::grow_new(std::uint64_t size, Class size_class) {
  const auto bytes = size_class == Class::small ? kSmallSegment
                     : size <= kMediumRequest   ? kMediumSegment
                                                : round_up(size, kSegmentStep);
  if (stats_.reserved + bytes > settings_.cap) return nullptr;
  auto* begin = source_.map(bytes);
  if (begin == nullptr) return nullptr;
  auto segment = std::make_unique<Segment>(Segment{begin, bytes, size_class, false});
  segment->first = new Block{segment.get(), begin, bytes};
  Block* block = segment->first;
  segments_[begin] = std::move(segment);
  note_reserved(bytes);
  return block;
}

// Commits the first pages behind the last block (or in the first gap that is large enough), merged
// with free memory before them.
CachingPool::Block* CachingPool::grow_expandable(std::uint64_t size, Class size_class) {
  auto*& segment = expandable_[static_cast<size_t>(size_class)];
  if (segment == nullptr) {
    auto* begin = source_.reserve(kExpandableRange);
    if (begin == nullptr) return nullptr;
    auto owned = std::make_unique<Segment>(Segment{begin, kExpandableRange, size_class, true});
    segment = owned.get();
    segments_[begin] = std::move(owned);
  }
  const auto page = size_class == Class::small ? kSmallPage : kLargePage;
  // Each candidate gap lies between `before` and `after`; free memory in front of it counts.
  Block* before = nullptr;
  for (Block* after = segment->first;; before = after, after = after->after) {
    auto* gap = before == nullptr ? segment->begin : before->begin + before->size;
    const auto room = static_cast<std::uint64_t>(
        (after == nullptr ? segment->begin + segment->size : after->begin) - gap);
    const bool joins = before != nullptr && !before->used;
    const auto missing = joins ? size - std::min(size, before->size) : size;
    const auto bytes = round_up(missing, page);
    if (bytes > 0 && bytes <= room) {
      if (stats_.reserved + bytes > settings_.cap || !source_.commit(gap, bytes)) return nullptr;
      note_reserved(bytes);
      if (joins) {
        free_blocks(size_class).erase(before);
        before->size += bytes;
        return merge(before);
      }
      auto* block = new Block{segment, gap, bytes, false, before, after};
      (before == nullptr ? segment->first : before->after) = block;
      if (after != nullptr) after->before = block;
      return merge(block);
    }
    if (after == nullptr) return nullptr;
  }
}

void CachingPool::note_reserved(std::uint64_t bytes) {
  stats_.reserved += bytes;
  stats_.peak_reserved = std::max(stats_.peak_reserved, stats_.reserved);
}

// Cuts `size` off a free block that is in no list; what is left over becomes a free block.
std::byte* CachingPool::hand_out(Block* block, std::uint64_t size) {
  const auto size_class = block->segment->size_class;
  const auto left = block->size - size;
  const auto least = size_class == Class::small || block->segment->expandable ? kSmallestSmallSplit
                                                                              : kSmallestLargeSplit;
  if (left >= least && left > 0) {
    auto* rest = new Block{block->segment, block->begin + size, left, false, block, block->after};
    if (block->after != nullptr) block->after->before = rest;
    block->after = rest;
    block->size = size;
    free_blocks(size_class).insert(rest);
  }
  block->used = true;
  used_[block->begin] = block;
  ++stats_.allocations;
  stats_.used += block->size;
  stats_.peak_used = std::max(stats_.peak_used, stats_.used);
  return block->begin;
}

std::uint64_t CachingPool::free(std::byte* begin) {
  const auto found = used_.find(begin);
  if (found == used_.end()) return 0;
  Block* block = found->second;
  const auto size = block->size;
  used_.erase(found);
  stats_.used -= size;
  block->used = false;
  free_blocks(block->segment->size_class).insert(merge(block));
  return size;
}

// Joins a free block with its free neighbours, which must touch it: expandable segments have gaps.
CachingPool::Block* CachingPool::merge(Block* block) {
  auto& blocks = free_blocks(block->segment->size_class);
  const auto join = [&](Block* left, Block* right) {
    left->size += right->size;
    left->after = right->after;
    if (right->after != nullptr) right->after->before = left;
    delete right;
  };
  if (Block* next = block->after;
      next != nullptr && !next->used && block->begin + block->size == next->begin) {
    blocks.erase(next);
    join(block, next);
  }
  if (Block* last = block->before;
      last != nullptr && !last->used && last->begin + last->size == block->begin) {
    blocks.erase(last);
    join(last, block);
    block = last;
  }
  return block;
}

std::uint64_t CachingPool::trim() {
  ++stats_.trims;
  std::uint64_t given = 0;
  for (auto at = segments_.begin(); at != segments_.end();) {
    auto& segment = *at->second;
    given += segment.expandable ? trim_expandable(segment) : trim_segment(segment);
    const bool gone = !segment.expandable && segment.begin == nullptr;
    at = gone ? segments_.erase(at) : std::next(at);
  }
  stats_.reserved -= given;
  return given;
}

// A segment that is one free block goes back whole; its begin becomes nullptr.
std::uint64_t CachingPool::trim_segment(Segment& segment) {
  if (segment.first->used || segment.first->after != nullptr) return 0;
  free_blocks(segment.size_class).erase(segment.first);
  source_.unmap(segment.begin, segment.size);
  segment.begin = nullptr;
  return segment.size;
}

// Every whole page inside a free block goes back; what is left of the block stays free.
std::uint64_t CachingPool::trim_expandable(Segment& segment) {
  const auto page = segment.size_class == Class::small ? kSmallPage : kLargePage;
  auto& blocks = free_blocks(segment.size_class);
  std::uint64_t given = 0;
  for (Block* block = segment.first; block != nullptr;) {
    Block* next = block->after;
    const auto offset = static_cast<std::uint64_t>(block->begin - segment.begin);
    const auto from = round_up(offset, page);
    const auto to = (offset + block->size) / page * page;
    if (!block->used && to > from) {
      blocks.erase(block);
      source_.decommit(segment.begin + from, to - from);
      given += to - from;
      if (offset + block->size > to) {  // the part behind the pages
        auto* rest =
            new Block{&segment, segment.begin + to, offset + block->size - to, false, block, next};
        if (next != nullptr) next->before = rest;
        block->after = rest;
        blocks.insert(rest);
      }
      block->size = from - offset;
      if (block->size > 0) {
        blocks.insert(block);
      } else {
        (block->before == nullptr ? segment.first : block->before->after) = block->after;
        if (block->after != nullptr) block->after->before = block->before;
        delete block;
      }
    }
    block = next;
  }
  return given;
}

std::uint64_t CachingPool::set_cap(std::uint64_t cap) { return std::exchange(settings_.cap, cap); }

void CachingPool::reset_peaks() {
  stats_.peak_used = stats_.used;
  stats_.peak_reserved = stats_.reserved;
}

PoolStats CachingPool::stats() const {
  auto stats = stats_;
  for (const auto* blocks : {&small_free_, &large_free_}) {
    if (!blocks->empty())
      stats.largest_free = std::max(stats.largest_free, (*blocks->rbegin())->size);
  }
  return stats;
}

const char* CachingPool::check() const {
  std::uint64_t used = 0;
  std::uint64_t reserved = 0;
  size_t free_count = 0;
  size_t used_count = 0;
  for (const auto& [begin, segment] : segments_) {
    const Block* before = nullptr;
    for (const Block* block = segment->first; block != nullptr;
         before = block, block = block->after) {
      if (block->before != before) return "a block does not know the one before it";
      if (block->segment != segment.get()) return "a block does not know its segment";
      if (block->size == 0) return "a block is empty";
      const bool touches = before != nullptr && before->begin + before->size == block->begin;
      if (before != nullptr && before->begin + before->size > block->begin)
        return "two blocks overlap";
      if (touches && !before->used && !block->used) return "two free neighbours are not merged";
      if (!segment->expandable && before != nullptr && !touches)
        return "there is a gap in a segment";
      reserved += block->size;
      used += block->used ? block->size : 0;
      ++(block->used ? used_count : free_count);
      const auto& blocks = segment->size_class == Class::small ? small_free_ : large_free_;
      if (!block->used && blocks.count(const_cast<Block*>(block)) == 0)
        return "a free block is in no list";
      if (block->used && used_.count(block->begin) == 0) return "a used block is not known";
    }
  }
  if (used != stats_.used) return "used does not add up";
  if (reserved != stats_.reserved) return "reserved does not add up";
  if (free_count != small_free_.size() + large_free_.size())
    return "a list holds a block that is gone";
  if (used_count != used_.size()) return "a used block is gone";
  return "";
}

}  // namespace headroom::memory
