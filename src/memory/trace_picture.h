// A run's recorded memory over time, drawn.
#pragma once

#include <span>
#include <string>

#include "memory/telemetry.h"

namespace headroom::memory {

/// An SVG: what is leased by purpose (weights, workspace, latents) as stacked areas over time,
/// lines for what the pool reserves and for the budget, a mark for every separation phase, refusal
/// and OOM; hovering says what an event was. An empty trace draws an empty frame.
std::string draw_trace(std::span<const MemoryEvent> events);

/// Reads a trace of JSON lines. Throws Error(input) naming file and line.
std::vector<MemoryEvent> load_trace(const std::string& path);

}  // namespace headroom::memory
