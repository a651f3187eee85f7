// `headroom verify`: holds this build against golden files.
//
// Every kind of golden has one function that runs what Headroom itself would run on the file's
// inputs and hands back the results under the names of the file's outputs. What the file expects
// and what came out is then compared tensor by tensor.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "verify/report.h"

namespace headroom::verify {

/// Runs everything that the golden at `path` (safetensors, or a tokenizer's expected ids in JSON
/// with its tokenizer beside it) has outputs for. A result that is wrong is in the report; a file
/// that cannot be used (damaged, of unknown kind, with inputs missing) throws Error(input).
FileReport verify_file(const std::filesystem::path& path);

/// The kinds that this build can verify, in the order of the alphabet.
std::vector<std::string> known_kinds();

}  // namespace headroom::verify
