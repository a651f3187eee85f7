// Who may come in. Source: weaknesses W1 to W3, W5, W12 of the protocol's specification.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headroom::server {

struct AccessRules {
  std::string token{};                 // empty: none is asked for
  bool loopback = true;                // bound to a loopback address
  std::vector<std::string> origins{};  // further web origins, "https://example.org"
  bool any_origin = false;             // an explicit flag of the operator
};

/// What a request says about itself; header values as they came, empty when absent.
struct Caller {
  std::string_view host;
  std::string_view origin;
  std::string_view authorization;  // "Bearer …"
  std::string_view target;         // path and query: ?token= or ?apiKey=
};

/// Why it is turned away; nothing when it may come in. A page of another site may not speak for its
/// visitor: no Origin (a program), the same host, a loopback origin when we listen on loopback, or
/// a listed one is needed. On loopback the Host must be a loopback name as well, or a page could
/// reach us under a name of its own (DNS rebinding).
struct Denial {
  int status = 403;  // 401: the token
  std::string message;
};
std::optional<Denial> check_access(const AccessRules& rules, const Caller& caller,
                                   bool needs_token = true);

/// "127.0.0.1", "::1", "localhost" and their like.
bool is_loopback_name(std::string_view host);

/// Compares in a time that does not depend on where they differ.
bool same_secret(std::string_view a, std::string_view b);

/// The value of a query parameter, percent-decoded; empty when it is not there.
std::string query_value(std::string_view target, std::string_view name);
/// Percent-decoding; nothing for a broken escape.
std::optional<std::string> percent_decoded(std::string_view text);
std::string percent_encoded(std::string_view text);

}  // namespace headroom::server
