// Text options that can come from a file.
#pragma once

#include <string>

namespace headroom::cli {

/// "@FILE" → the text of that file without its final newline; anything else → itself. Throws
/// Error(input) when the file cannot be read or has more than 1 MiB.
std::string text_or_file(const std::string& option);

}  // namespace headroom::cli
