// The `headroom` program: parses the command line, runs one subcommand, and is the boundary at
// which every error becomes one line and an exit status.
#pragma once

namespace headroom::cli {

/// What `main` does once the process has its settings; returns the exit status. Once per process:
/// it takes over signals, logging and the number of compute threads.
int run_program(int argc, char** argv);

}  // namespace headroom::cli
