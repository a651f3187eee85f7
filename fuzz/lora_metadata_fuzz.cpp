#include "lora_entry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
  headroom::try_lora_metadata({data, size});
  return 0;
}
