// Typed errors. An exception of this type ends an operation and travels up to the boundary that
// answers the user; the message is one line that says what was wrong, where, and what to do.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace headroom {

enum class ErrorKind {
  usage,       // a flag or argument that makes no sense
  input,       // an input file or text that cannot be used
  checkpoint,  // model files: missing, damaged, of another shape
  output,      // the result cannot be written
  memory,      // the plan does not fit
  canceled,    // the user stopped it
  internal,    // a defect of ours
};

/// Name of a kind as it appears in JSON answers: "usage", "input", …
std::string_view to_string(ErrorKind kind);

/// Process exit status for an error that reached `main`. 0 is success, 1 is "ran, and the answer is
/// no" (a failed verification), the others are 2 + the order of ErrorKind. Shown by `--help`.
int exit_code(ErrorKind kind);

/// Thread-safe as any exception. `what()` never contains a newline or a control character: text
/// from files is quoted by printable() before it gets here.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, std::string_view message);

  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

/// `text` shortened to `limit` bytes, with control characters and invalid UTF-8 replaced by '?', so
/// that hostile names from files cannot break a terminal or a log line.
std::string printable(std::string_view text, size_t limit = 120);

}  // namespace headroom
