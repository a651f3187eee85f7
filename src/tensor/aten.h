// The one precompiled header: ATen and what goes with it everywhere.
//
// Sources still include what they use; with this header precompiled that costs nothing. Never
// include <torch/torch.h> in the library: it is ten times this header and nothing here needs it.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
