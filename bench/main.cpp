// headroom-bench: how long every network takes at its published size, and what it takes beside its
// weights. A program of its own and not a Google Benchmark suite: one run is seconds long, so three
// of them are a measurement; weights of gigabytes must be bound once, shared by neighbouring rows
// and given back before the next network; and the columns wanted are arithmetic, peak memory and
// real-time factor.
#include <fstream>
#include <iostream>
#include <regex>

#include <ATen/ATen.h>
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "case.h"
#include "report.h"
#include "tensor/blas.h"

namespace headroom::bench {
namespace {

struct Options {
  std::string filter;
  std::string json;
  RunSettings run;
  int threads = 0;
  bool list = false;
};

std::vector<Case> chosen_cases(const std::string& filter) {
  std::vector<Case> chosen;
  const std::regex pattern(filter);
  for (auto group : {operator_cases(), signal_cases(), stream_cases(), network_cases()}) {
    for (auto& subject : group) {
      if (std::regex_search(subject.name, pattern)) chosen.push_back(std::move(subject));
    }
  }
  return chosen;
}

// With JSON on standard output the table goes to standard error, so that both can be had.
nlohmann::json run_all(std::vector<Case> cases, const RunSettings& settings, std::ostream& table) {
  nlohmann::json report{{"conditions", conditions()}, {"results", nlohmann::json::array()}};
  table << report["conditions"].dump() << '\n' << table_header() << std::flush;
  for (auto& waiting : cases) {
    const Case subject = std::exchange(waiting, {});  // its weights go with it
    const auto result = measure(subject, settings);
    table << table_row(result) << std::flush;
    report["results"].push_back(to_json(result));
  }
  return report;
}

int run(const Options& options) {
  auto cases = chosen_cases(options.filter);
  if (cases.empty()) throw Error(ErrorKind::usage, "no benchmark has a name like that; see --list");
  if (options.list) {
    for (const auto& subject : cases) fmt::print("{:<26} {}\n", subject.name, subject.what);
    return 0;
  }
  set_compute_threads(options.threads);
  const at::NoGradGuard no_grad;
  const bool to_stdout = options.json == "-";
  const auto report = run_all(std::move(cases), options.run, to_stdout ? std::cerr : std::cout);
  if (to_stdout) {
    std::cout << report.dump(2) << '\n';
  } else if (!options.json.empty()) {
    std::ofstream file(options.json);
    file << report.dump(2) << '\n';
    file.close();
    if (!file) throw Error(ErrorKind::output, options.json + ": cannot be written");
  }
  return 0;
}

}  // namespace
}  // namespace headroom::bench

int main(int argc, char** argv) {
  using namespace headroom;
  restart_with_fitting_settings(argv);
  CLI::App app("Times every network at its published size, on random weights.", "headroom-bench");
  bench::Options options;
  app.add_option("--filter", options.filter, "Only names that hold this regular expression");
  app.add_option("--json", options.json, "Also write JSON to this file; - is standard output");
  app.add_option("--repeats", options.run.repeats, "Counted runs of each")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Compute threads; 0 means one per CPU")
      ->check(CLI::Range(0, 1024));
  app.add_flag("--list", options.list, "Print the names and stop");
  CLI11_PARSE(app, argc, argv);
  try {
    return bench::run(options);
  } catch (const std::regex_error&) {
    std::cerr << "headroom-bench: --filter is not a regular expression\n";
    return exit_code(ErrorKind::usage);
  } catch (const std::exception& error) {
    std::cerr << "headroom-bench: " << error.what() << '\n';
    return 1;
  }
}
