#include "train/outside/helper.h"

#include <cerrno>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <fmt/format.h>

#include "audio/load.h"
#include "base/error.h"

extern char** environ;  // NOLINT: declared by POSIX, defined by the C library

namespace headroom::train {

void run_helper(const std::vector<std::string>& command, const std::string& package) {
  auto storage = command;
  std::vector<char*> words;
  words.reserve(storage.size() + 1);
  for (auto& word : storage) words.push_back(word.data());
  words.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int refused = posix_spawnp(&child, words[0], &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (refused != 0) {
    throw Error(ErrorKind::input,
                fmt::format("{} cannot be started; install the package {}", command[0], package));
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) break;
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    std::string line;
    for (const auto& word : command) line += (line.empty() ? "" : " ") + word;
    throw Error(ErrorKind::input, fmt::format("this failed: {}", printable(line, 400)));
  }
}

at::Tensor sound_of_helper(const std::vector<std::string>& command, const std::string& package,
                           const std::filesystem::path& made, int rate, std::int64_t channels) {
  // Some end with success and without a sound; what an earlier one made is not it.
  std::error_code code;
  std::filesystem::remove(made, code);
  run_helper(command, package);
  if (!std::filesystem::exists(made, code)) {
    throw Error(ErrorKind::input,
                fmt::format("{} made no sound; install the package {}", command[0], package));
  }
  return load_audio(made, rate, {.channels = channels});
}

}  // namespace headroom::train
