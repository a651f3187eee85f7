// The process-wide logger: the only global there is. Lines go to stderr; results go to stdout.
#pragma once

#include <spdlog/spdlog.h>

namespace headroom {

/// Sets level and format once, at the start of `main`. Level names are spdlog's: trace, debug,
/// info, warn, error, off. Throws Error(usage) for any other.
void set_up_logging(std::string_view level);

}  // namespace headroom
