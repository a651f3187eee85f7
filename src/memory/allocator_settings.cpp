#include "memory/allocator_settings.h"

#include <cstdlib>

namespace headroom::memory {

std::string use_expandable_segments() {
  constexpr const char* kNames[] = {"PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF"};
  constexpr const char* kDefault = "expandable_segments:True";
  for (const char* name : kNames) {
    if (const char* set = std::getenv(name)) return set;
  }
  ::setenv(kNames[1], kDefault, /*overwrite=*/0);
  return kDefault;
}

}  // namespace headroom::memory
