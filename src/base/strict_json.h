// JSON from files that are not trusted.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace headroom {

/// Parses `text` and refuses what nlohmann::json lets pass: a key that stands twice in one object
/// (it would silently keep one), nesting deeper than `deepest`, and a NUL byte (it would silently
/// end there). Throws Error(kind) beginning
/// with `label`, which names the file.
nlohmann::json parse_strict_json(std::string_view text, ErrorKind kind, const std::string& label,
                                 int deepest = 32);

}  // namespace headroom
