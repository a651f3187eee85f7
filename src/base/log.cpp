#include "base/log.h"

#include <array>

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "base/error.h"

namespace headroom {

void set_up_logging(std::string_view level) {
  const auto parsed = spdlog::level::from_str(std::string(level));
  if (parsed == spdlog::level::off && level != "off") {
    throw Error(ErrorKind::usage,
                fmt::format("log level '{}' is unknown; use trace, debug, info, warn, error or off",
                            level));
  }
  auto logger = std::make_shared<spdlog::logger>(
      "headroom", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
  logger->set_level(parsed);
  spdlog::set_default_logger(std::move(logger));
}

void log::write(Level level, fmt::string_view format, fmt::format_args arguments) {
  constexpr std::array kLevels{spdlog::level::info, spdlog::level::warn, spdlog::level::err};
  const auto wanted = kLevels.at(static_cast<std::size_t>(level));
  if (!spdlog::should_log(wanted)) return;
  const auto text = fmt::vformat(format, arguments);
  spdlog::log(wanted, std::string_view(text));
}

}  // namespace headroom
