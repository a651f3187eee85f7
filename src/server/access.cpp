#include "server/access.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"

namespace headroom::server {
namespace {

// "host" of "host:port", "[::1]:port".
std::string_view without_port(std::string_view authority) {
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    return end == std::string_view::npos ? authority : authority.substr(1, end - 1);
  }
  return authority.substr(0, authority.find(':'));
}

std::string_view authority_of(std::string_view origin) {
  const auto scheme = origin.find("://");
  return scheme == std::string_view::npos ? origin : origin.substr(scheme + 3);
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool has_token(const AccessRules& rules, const Caller& caller) {
  constexpr std::string_view bearer = "Bearer ";
  if (caller.authorization.starts_with(bearer) &&
      same_secret(caller.authorization.substr(bearer.size()), rules.token))
    return true;
  return same_secret(query_value(caller.target, "token"), rules.token) ||
         same_secret(query_value(caller.target, "apiKey"), rules.token);
}

bool origin_is_fine(const AccessRules& rules, const Caller& caller) {
  if (caller.origin.empty() || rules.any_origin) return true;
  if (authority_of(caller.origin) == caller.host) return true;
  if (rules.loopback && is_loopback_name(without_port(authority_of(caller.origin)))) return true;
  return std::find(rules.origins.begin(), rules.origins.end(), caller.origin) !=
         rules.origins.end();
}

}  // namespace

bool is_loopback_name(std::string_view host) {
  return host == "localhost" || host == "::1" || host.ends_with(".localhost") ||
         (host.starts_with("127.") &&
          host.find_first_not_of("0123456789.") == std::string_view::npos);
}

bool same_secret(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size() && !b.empty(); ++i)
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i % b.size()]);
  return difference == 0 && !b.empty();
}

std::optional<Denial> check_access(const AccessRules& rules, const Caller& caller,
                                   bool needs_token) {
  if (rules.loopback && !rules.any_origin && !caller.host.empty() &&
      !is_loopback_name(without_port(caller.host))) {
    return Denial{403, fmt::format("this server listens on loopback and is not called {}",
                                   printable(caller.host, 60))};
  }
  if (!origin_is_fine(rules, caller)) {
    return Denial{403, fmt::format("pages of {} may not use this server; the operator can allow "
                                   "them with --allow-origin",
                                   printable(caller.origin, 80))};
  }
  if (needs_token && !rules.token.empty() && !has_token(rules, caller)) {
    return Denial{401, "a token is needed: Authorization: Bearer …, or ?token=… behind the path"};
  }
  return std::nullopt;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = digit(text[i + 1]);
    const int low = digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain)
      out.push_back(c);
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string query_value(std::string_view target, std::string_view name) {
  const auto fragment = target.find('#');
  if (fragment != std::string_view::npos) target = target.substr(0, fragment);
  const auto question = target.find('?');
  if (question == std::string_view::npos) return {};
  auto rest = target.substr(question + 1);
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const auto pair = rest.substr(0, end);
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name)
      return percent_decoded(pair.substr(equals + 1)).value_or("");
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

}  // namespace headroom::server
