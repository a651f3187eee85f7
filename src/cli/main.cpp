#include "cli/program.h"
#include "tensor/blas.h"

int main(int argc, char** argv) {
  headroom::restart_with_fitting_settings(argv);
  return headroom::cli::run_program(argc, argv);
}
