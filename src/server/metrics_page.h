// What others see of the running server: metrics, and sessions as the control bus shows them.
#pragma once

#include <string>

#include "base/json.h"
#include "server/lobby.h"
#include "server/metrics.h"

namespace headroom::server {

/// All metrics. Of `memory` (as GET /v1/memory) the members budget, used, reserved, foreign
/// (bytes), leases [{owner, kind, bytes}] and refused (count) are used where they are there.
std::string metrics_page(const Metrics& metrics, const Lobby& lobby, const nlohmann::json& memory);

/// {id, started_at, …snapshot}, or {…, snapshot_error}.
nlohmann::json snapshot_json(const LiveSession& session);

}  // namespace headroom::server
