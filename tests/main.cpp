#include <gtest/gtest.h>

#include "tensor/blas.h"

int main(int argc, char** argv) {
  headroom::restart_with_fitting_blas(argv);
  testing::InitGoogleTest(&argc, argv);
  headroom::set_compute_threads(0);
  return RUN_ALL_TESTS();
}
