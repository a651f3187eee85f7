#include "bpe_entry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
  static const auto golden = headroom::golden_bpe();
  headroom::try_bpe(golden, {data, size});
  return 0;
}
