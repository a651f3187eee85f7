#include "cli/bench.h"

namespace headroom::cli {

Command add_bench(CLI::App& app) {
  auto* const bench = app.add_subcommand("bench", "Measures a running server");
  bench->require_subcommand(1);
  const auto serve = add_bench_serve(*bench);
  const auto upload = add_bench_upload(*bench);
  return {bench, [serve, upload](const Common& common, Progress& progress) {
            return (upload.app->parsed() ? upload : serve).run(common, progress);
          }};
}

}  // namespace headroom::cli
