// The BLAS library under libtorch's fp32 matrix products, and how many threads compute.
//
// Debian's libtorch hands matrix products to the system's BLAS. Two things go wrong with it
// silently: the reference BLAS is tens of times slower than OpenBLAS, and an OpenBLAS that is older
// than the CPU falls back to kernels of 2004 (measured on such a CPU: 0.49 s instead of 0.10 s for
// a 750 × 2048 × 6144 product). `headroom doctor` shows what is in use.
#pragma once

#include <string>

namespace headroom {

struct BlasInfo {
  std::string library;  // "OpenBLAS" or "unknown"
  std::string core;     // the CPU family its kernels were written for, e.g. "SkylakeX"
  std::string config;   // the library's own description
};
BlasInfo blas_info();

/// True when OpenBLAS did not recognise this CPU and runs kernels far below what the CPU can do.
bool blas_kernels_misfit();

/// OPENBLAS_CORETYPE that fits this CPU, or "" when the library's choice is good.
std::string fitting_blas_core();

/// Call first thing in `main`. When the kernels do not fit, sets OPENBLAS_CORETYPE and starts this
/// program again in the same process (the library reads the variable only while it is loaded); an
/// operator's own setting is left alone. Costs a few milliseconds once.
void restart_with_fitting_blas(char** argv);

/// Threads for libtorch's kernels and for OpenBLAS, which keeps a count of its own. 0: one per CPU.
void set_compute_threads(int threads);

}  // namespace headroom
