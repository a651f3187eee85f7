// One HTTP request to a server of ours, for the programs that steer it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace headroom::server {

struct FetchFrom {
  std::string host;
  std::uint16_t port = 0;
  std::string token{};
  std::chrono::seconds limit{10};
};
struct Fetched {
  int status = 0;  // 0: it could not be reached, or took too long
  std::string body{};
};

/// Blocks until it is answered. Never throws.
Fetched fetch(const FetchFrom& from, const std::string& method, const std::string& target,
              const std::string& body);

}  // namespace headroom::server
