// Who may come in. W1, W2, W3, W5.
#include "server/access.h"

#include <gtest/gtest.h>

#include "server/limits.h"
#include "server/server.h"

namespace headroom::server {
namespace {

int status_of(const AccessRules& rules, const Caller& caller) {
  const auto denial = check_access(rules, caller);
  return denial ? denial->status : 200;
}

TEST(Access, OriginsOfOtherSitesAreTurnedAway) {
  const AccessRules local;
  EXPECT_EQ(status_of(local, {"127.0.0.1:1318", "", "", "/"}), 200) << "a program";
  EXPECT_EQ(status_of(local, {"localhost:1318", "http://localhost:6660", "", "/"}), 200);
  EXPECT_EQ(status_of(local, {"[::1]:1318", "http://[::1]:6660", "", "/"}), 200);
  EXPECT_EQ(status_of(local, {"127.0.0.1:1318", "https://evil.example", "", "/"}), 403);
  EXPECT_EQ(status_of(local, {"127.0.0.1:1318", "http://127.0.0.1.evil.example", "", "/"}), 403);
  EXPECT_EQ(status_of(local, {"127.0.0.1:1318", "null", "", "/"}), 403);
  AccessRules listed = local;
  listed.origins = {"https://studio.example"};
  EXPECT_EQ(status_of(listed, {"127.0.0.1:1318", "https://studio.example", "", "/"}), 200);
}

TEST(Access, ANameThatPointsToLoopbackIsTurnedAway) {
  EXPECT_EQ(status_of({}, {"rebound.evil.example:1318", "", "", "/"}), 403);
  EXPECT_EQ(
      status_of({}, {"rebound.evil.example:1318", "http://rebound.evil.example:1318", "", "/"}),
      403);
}

TEST(Access, ATokenInAnyOfItsPlaces) {
  AccessRules rules{.token = "s3cret/+", .loopback = false};
  EXPECT_EQ(status_of(rules, {"host", "", "", "/"}), 401);
  EXPECT_EQ(status_of(rules, {"host", "", "Bearer s3cret/+", "/"}), 200);
  EXPECT_EQ(status_of(rules, {"host", "", "Bearer s3cret/", "/"}), 401);
  EXPECT_EQ(status_of(rules, {"host", "", "", "/?a=1&token=s3cret%2F%2B"}), 200);
  EXPECT_EQ(status_of(rules, {"host", "", "", "/?apiKey=s3cret%2F%2B"}), 200);
  EXPECT_EQ(status_of(rules, {"host", "", "", "/?token="}), 401);
  EXPECT_EQ(status_of(rules, {"host", "http://host", "", "/?token=x"}), 401);
  EXPECT_FALSE(same_secret("", ""));
  EXPECT_FALSE(same_secret("aa", "a"));
}

TEST(Access, Percent) {
  EXPECT_EQ(percent_decoded("a%20b%C3%B6"), "a b\xc3\xb6");
  EXPECT_FALSE(percent_decoded("a%2"));
  EXPECT_FALSE(percent_decoded("%zz"));
  EXPECT_EQ(percent_decoded(percent_encoded("My  Söng__.final (1).wav")),
            "My  Söng__.final (1).wav");
}

TEST(Access, TheServerBindsToLoopbackUnlessTold) {
  EXPECT_EQ(ServerSettings{}.host, "127.0.0.1");
  EXPECT_EQ(ServerSettings{}.control_host, "127.0.0.1");
}

}  // namespace
}  // namespace headroom::server
