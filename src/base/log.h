// The process-wide logger: the only global there is. Lines go to stderr; results go to stdout.
#pragma once

#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace headroom {

/// Sets level and format once, at the start of `main`. Level names are spdlog's: trace, debug,
/// info, warn, error, off. Throws Error(usage) for any other.
void set_up_logging(std::string_view level);

/// `log::warn("{}: {}", name, why)`. Any thread. Formatting is compiled once, in log.cpp: spdlog's
/// own templates would cost four seconds of compiling in every source that logs.
namespace log {

enum class Level { info, warn, error };

void write(Level level, fmt::string_view format, fmt::format_args arguments);

template <typename... T>
void info(fmt::format_string<T...> format, T&&... arguments) {
  write(Level::info, format, fmt::make_format_args(arguments...));
}

template <typename... T>
void warn(fmt::format_string<T...> format, T&&... arguments) {
  write(Level::warn, format, fmt::make_format_args(arguments...));
}

template <typename... T>
void error(fmt::format_string<T...> format, T&&... arguments) {
  write(Level::error, format, fmt::make_format_args(arguments...));
}

}  // namespace log
}  // namespace headroom
