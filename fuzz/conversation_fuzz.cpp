#include "conversation_entry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
  headroom::try_conversation({data, size});
  return 0;
}
