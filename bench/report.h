// Results as a table for people and as JSON for comparisons.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "case.h"

namespace headroom::bench {

std::string table_header();
std::string table_row(const Result& result);

/// Under which circumstances the program measures: versions, CPU, threads, load.
nlohmann::json conditions();

nlohmann::json to_json(const Result& result);

}  // namespace headroom::bench
