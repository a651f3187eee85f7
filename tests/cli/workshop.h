// A folder with what a run of `headroom` needs: a tiny model and a short track.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "support/program.h"
#include "temp_folder.h"

namespace headroom::test {

/// Folder: model/ (tiny, random weights), song.wav (2 s, stereo, 44.1 kHz), out/ (empty).
/// Runs have the folder as their working folder, so tests name files relative to it.
class Workshop {
 public:
  Workshop();

  std::filesystem::path operator/(std::string_view name) const { return folder_ / name; }
  const std::filesystem::path& path() const { return folder_.path(); }
  std::filesystem::path write(std::string_view name, std::string_view bytes) const {
    return folder_.write(name, bytes);
  }
  /// A copy of the model, to be damaged.
  std::filesystem::path copy_model(const std::string& name) const;

  /// `headroom ARGS…`.
  Ran run(std::vector<std::string> arguments, RunSettings settings = {}) const;
  /// The same in a copy of this process, for runs by the hundred: loading libtorch takes longer
  /// than most of them.
  Ran run_copy(std::vector<std::string> arguments, RunSettings settings = {}) const;
  /// The same with --json; a failure of the test when it is not exit status 0 and one JSON object.
  nlohmann::json run_json(std::vector<std::string> arguments, RunSettings settings = {}) const;

 private:
  TempFolder folder_;
};

/// Path of the program under test.
std::string headroom_program();

}  // namespace headroom::test
