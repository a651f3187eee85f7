// How libtorch's CUDA allocator is set up before it starts.
#pragma once

#include <string>

namespace headroom::memory {

/// Sets PYTORCH_CUDA_ALLOC_CONF to expandable_segments:True, against fragmentation, unless the
/// operator has set that variable or its newer name PYTORCH_ALLOC_CONF. Call before the first use
/// of CUDA and before other threads read the environment. Returns the setting in effect.
std::string use_expandable_segments();

}  // namespace headroom::memory
