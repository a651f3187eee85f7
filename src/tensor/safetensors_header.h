// The JSON header of a safetensors file, read from untrusted bytes. Used by safetensors.cpp alone.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/ATen.h>

#include "tensor/safetensors.h"

namespace headroom {

/// What a header says, checked as far as it can be without looking at the data.
struct SafetensorsHeader {
  std::vector<TensorEntry> entries;                  // in order of their place in the data section
  std::map<std::string, size_t, std::less<>> index;  // name → position in `entries`
  std::map<std::string, std::string> metadata;
};

/// Reads `json` (the header without its length) and checks it against a data section of
/// `data_size` bytes. Stops at the first thing that is wrong with Error(checkpoint), prefixed by
/// `label`. Memory and time are proportional to the text, whatever it holds: it is read as a stream
/// of events, so nesting costs nothing and is refused at once.
SafetensorsHeader read_safetensors_header(std::string_view json, std::uint64_t data_size,
                                          const std::string& label);

}  // namespace headroom
