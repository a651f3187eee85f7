#include <cstdlib>

#include <gtest/gtest.h>

#include "tensor/blas.h"

// CTest runs two programs at a time, so each computes with one thread unless it is told otherwise.
int main(int argc, char** argv) {
  headroom::restart_with_fitting_settings(argv);
  testing::InitGoogleTest(&argc, argv);
  const char* threads = std::getenv("HEADROOM_TEST_THREADS");
  headroom::set_compute_threads(threads != nullptr ? std::atoi(threads) : 1);
  return RUN_ALL_TESTS();
}
