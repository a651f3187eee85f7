// nlohmann's JSON, compiled once: in json.cpp instead of in every source that uses it, which would
// cost each of them some seconds.
#pragma once

#include <nlohmann/json.hpp>

extern template class nlohmann::basic_json<>;
