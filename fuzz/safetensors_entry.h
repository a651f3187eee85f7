// One safetensors file as untrusted bytes: what the fuzzer and the corpus test do with it.
#pragma once

#include <cstdint>
#include <span>

#include "base/error.h"
#include "tensor/safetensors.h"

namespace headroom {

/// True when the bytes are a valid file; every tensor of it was then read to its last byte.
inline bool try_safetensors(std::span<const std::uint8_t> bytes) {
  try {
    const auto file = SafetensorsFile::parse(bytes.data(), bytes.size(), "fuzz");
    for (const auto& entry : file.entries()) file.tensor(entry.name).clone();
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::checkpoint) __builtin_trap();
    return false;
  }
}

}  // namespace headroom
