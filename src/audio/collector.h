// Audio that comes block by block and is wanted in one piece.
#pragma once

#include <cstdint>

#include <ATen/ATen.h>

namespace headroom {

/// Grows [channels, n] fp32 at its end. One thread.
class Collector {
 public:
  /// `expected` samples are made room for at once; room that is never written costs address space
  /// only. Throws Error(memory) where the machine has none, as add() does.
  explicit Collector(std::int64_t channels, std::int64_t expected = 0);

  void add(const at::Tensor& block);
  std::int64_t length() const { return length_; }
  /// What has come; of the same memory, until the next add().
  at::Tensor view() const { return samples_.narrow(1, 0, length_); }
  /// The same, contiguous, without a second copy. Once, last.
  at::Tensor take();

 private:
  at::Tensor allocate() const;
  void grow(std::int64_t least);

  std::int64_t channels_;
  std::int64_t room_;
  std::int64_t length_ = 0;
  at::Tensor samples_;
};

}  // namespace headroom
