#include "cli/program.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <new>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "cli/command.h"
#include "tensor/blas.h"

namespace headroom::cli {
namespace {

constexpr const char* kFooter =
    "Exit status: 0 done; 1 done, and the answer is no (verify, doctor); 2 usage; 3 input file; 4 "
    "model files;\n"
    "5 output; 6 memory; 7 canceled; 8 a defect of this program.";

// Progress that ends the work at the next chunk after Ctrl-C, so that nothing half-written stays.
class Cancelable : public TerminalProgress {
 public:
  using TerminalProgress::TerminalProgress;
  void step() override {
    TerminalProgress::step();
    if (stop_asked()) throw Error(ErrorKind::canceled, "stopped by the user; nothing was written");
  }
};

int report_error(const Common& common, ErrorKind kind, std::string_view message) {
  const auto line = std::string(to_string(kind)) + ": " + printable(message, 2000);
  if (common.json) {
    const nlohmann::json error{
        {"error", {{"kind", to_string(kind)}, {"message", printable(message, 2000)}}}};
    std::cout << error.dump() << '\n';
  }
  std::cerr << "headroom: " << line << '\n';
  return exit_code(kind);
}

// The parser asks for a subcommand when it does not know the one that was given.
std::string parse_message(const CLI::App& app, const CLI::ParseError& error) {
  const auto unknown = app.remaining();
  if (app.get_subcommands().empty() && !unknown.empty())
    return fmt::format("there is no command '{}'", printable(unknown.front()));
  return error.what();
}

int run(const Common& common, const Command& command) {
  try {
    set_up_logging(common.log_level);
    if (common.threads < 0 || common.threads > 1024)
      throw Error(ErrorKind::usage, "--threads must lie in 0…1024");
    set_compute_threads(common.threads);
    const at::NoGradGuard no_grad;
    Outcome outcome;
    {
      Cancelable progress(!common.quiet && !common.json);
      outcome = command.run(common, progress);
    }
    if (common.json) {
      std::cout << outcome.data.dump(2, ' ', false, nlohmann::json::error_handler_t::replace)
                << '\n';
    } else {
      std::cout << outcome.text;
    }
    std::cout.flush();
    if (!std::cout) throw Error(ErrorKind::output, "standard output cannot be written");
    return outcome.status;
  } catch (const Error& error) {
    return report_error(common, error.kind(), error.what());
  } catch (const c10::Error& error) {
    const std::string what = error.what_without_backtrace();
    const bool memory = what.find("alloc") != std::string::npos;
    return report_error(common, memory ? ErrorKind::memory : ErrorKind::internal,
                        what.substr(0, what.find('\n')));
  } catch (const std::bad_alloc&) {
    return report_error(common, ErrorKind::memory, "this machine has not enough memory for that");
  } catch (const std::exception& error) {
    return report_error(common, ErrorKind::internal, error.what());
  }
}

}  // namespace

int run_program(int argc, char** argv) {
  catch_stop_signals();
  std::signal(SIGXFSZ, SIG_IGN);  // a file over the user's limit is a failed write, not the end

  CLI::App app(
      "Headroom: covers and stems of music, on one GPU or a laptop's CPU, without running out of "
      "memory.",
      "headroom");
  app.footer(kFooter);
  app.set_version_flag("--version", HEADROOM_VERSION);
  app.require_subcommand(1);
  app.fallthrough();

  Common common;
  app.add_flag("--json", common.json, "Answer with one JSON object on standard output");
  app.add_flag("-q,--quiet", common.quiet,
               "No progress bars (there are none without a terminal either)");
  app.add_option("--threads", common.threads, "Compute threads; 0 means one per CPU")
      ->capture_default_str();
  app.add_option("--log-level", common.log_level, "trace, debug, info, warn, error or off")
      ->capture_default_str();

  const std::vector<Command> commands{
      add_serve(app),   add_cover(app),  add_generate(app),   add_repaint(app), add_stems(app),
      add_analyze(app), add_encode(app), add_decode(app),     add_verify(app),  add_plan(app),
      add_inspect(app), add_doctor(app), add_make_model(app), add_mcp(app),     add_bench(app),
  };
  // Looked for by hand: an error may come before the parser reaches the flag, and an option whose
  // value is missing ("--key= --json") takes it for the value.
  const bool wants_json =
      std::any_of(argv + 1, argv + argc, [](std::string_view word) { return word == "--json"; });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    common.json = wants_json;
    return report_error(common, ErrorKind::usage,
                        parse_message(app, error) + "; see headroom --help");
  }
  common.json = wants_json;
  for (const auto& command : commands) {
    if (command.app->parsed()) return run(common, command);
  }
  return exit_code(ErrorKind::usage);
}

}  // namespace headroom::cli
