// The one precompiled header: ATen and what goes with it everywhere.
//
// Sources still include what they use; with this header precompiled that costs nothing. Never
// include <torch/torch.h> in the library: it is ten times this header and nothing here needs it.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "base/json.h"
