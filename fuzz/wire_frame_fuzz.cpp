#include "wire_entry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
  headroom::try_wire_frame({data, size});
  return 0;
}
