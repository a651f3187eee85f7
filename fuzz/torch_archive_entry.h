// One PyTorch archive as untrusted bytes: what the fuzzer and the corpus test do with it.
#pragma once

#include <cstdint>
#include <span>

#include "base/error.h"
#include "tensor/torch_archive.h"
#include "tensor/torch_pickle.h"

namespace headroom {

/// The first byte chooses: 'Z' is a whole archive (checksums hide the pickle from the fuzzer), 'P'
/// a pickle. True when it is valid.
inline bool try_torch_archive(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return false;
  try {
    const auto rest = bytes.subspan(1);
    if (bytes[0] == 'P') {
      read_torch_pickle(rest, "fuzz");
    } else {
      parse_torch_tensor(rest, "fuzz").clone();
    }
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::checkpoint) __builtin_trap();
    return false;
  }
}

}  // namespace headroom
