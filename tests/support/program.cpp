#include "support/program.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace headroom::test {
namespace {

constexpr std::chrono::milliseconds kPoll{2};
constexpr int kCannotStart = 127;

// A nameless file in memory: unlike a pipe it takes any amount without anyone reading.
int stream_file(const char* name) {
  const int fd = ::memfd_create(name, MFD_CLOEXEC);
  if (fd < 0) throw std::runtime_error(std::string("memfd_create: ") + std::strerror(errno));
  return fd;
}

std::string contents(int fd) {
  std::string text;
  std::array<char, 1 << 16> buffer{};
  ::lseek(fd, 0, SEEK_SET);
  for (ssize_t got = 0; (got = ::read(fd, buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<size_t>(got));
  return text;
}

void limit(int resource, const std::optional<std::uint64_t>& bytes) {
  if (!bytes) return;
  const rlimit value{*bytes, *bytes};
  if (::setrlimit(static_cast<__rlimit_resource>(resource), &value) != 0) ::_exit(kCannotStart);
}

// In the child, between fork and exec: system calls only.
void settle(const RunSettings& settings, int out, int err) {
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  if (!settings.folder.empty() && ::chdir(settings.folder.c_str()) != 0) ::_exit(kCannotStart);
  limit(RLIMIT_FSIZE, settings.largest_file);
  if (settings.user && ::setuid(*settings.user) != 0) ::_exit(kCannotStart);
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const RunSettings& settings)
    : Process(nullptr, command, settings) {}

Process::Process(int (*main)(int, char**), const std::vector<std::string>& command,
                 const RunSettings& settings)
    : out_(stream_file("out")),
      err_(stream_file("err")),
      began_(std::chrono::steady_clock::now()),
      limit_(settings.limit) {
  auto words_storage = command;
  std::vector<char*> words;
  for (auto& word : words_storage) words.push_back(word.data());
  words.push_back(nullptr);
  std::fflush(nullptr);  // or the child would say it again
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
  if (pid_ > 0) return;
  settle(settings, out_, err_);
  if (main != nullptr) std::exit(main(static_cast<int>(command.size()), words.data()));
  ::execvp(words[0], words.data());
  ::_exit(kCannotStart);
}

Process::~Process() {
  if (!collected_) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(out_);
  ::close(err_);
}

void Process::send(int signal) const {
  if (!collected_) ::kill(pid_, signal);
}

void Process::collect(int wait_status) {
  collected_ = true;
  if (WIFEXITED(wait_status)) ran_.status = WEXITSTATUS(wait_status);
  if (WIFSIGNALED(wait_status)) ran_.signal = WTERMSIG(wait_status);
  ran_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  ran_.out = contents(out_);
  ran_.err = contents(err_);
}

bool Process::ended() {
  int wait_status = 0;
  if (!collected_ && ::waitpid(pid_, &wait_status, WNOHANG) == pid_) collect(wait_status);
  return collected_;
}

Ran Process::wait() {
  while (!ended()) {
    if (std::chrono::steady_clock::now() - began_ > limit_) {
      ran_.timed_out = true;
      send(SIGKILL);
      int wait_status = 0;
      ::waitpid(pid_, &wait_status, 0);
      collect(wait_status);
      break;
    }
    std::this_thread::sleep_for(kPoll);
  }
  return ran_;
}

Ran run_program(const std::vector<std::string>& command, const RunSettings& settings) {
  return Process(command, settings).wait();
}

}  // namespace headroom::test
