// Included before everything when clang compiles against libtorch. In C++20 libstdc++'s std::vector
// is constexpr, and clang then instantiates members of std::vector<c10::IValue> where ATen's
// headers have only declared IValue; gcc waits. Without the constexpr, clang waits as well. Nothing
// of ours uses a vector in a constant expression, or std::fill on a std::vector<bool>, whose helper
// is renamed because <string> has declared it as constexpr already.
#ifndef HEADROOM_CLANG_TORCH_H
#define HEADROOM_CLANG_TORCH_H
#pragma GCC system_header

#include <string>

#ifdef __GLIBCXX__
#undef _GLIBCXX20_CONSTEXPR
#define _GLIBCXX20_CONSTEXPR
#define __fill_a1 __fill_a1_of_bits
#include <vector>
#undef __fill_a1
#undef _GLIBCXX20_CONSTEXPR
#define _GLIBCXX20_CONSTEXPR constexpr
#endif

#endif  // HEADROOM_CLANG_TORCH_H
