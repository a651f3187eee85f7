#include "torch_archive_entry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
  headroom::try_torch_archive({data, size});
  return 0;
}
