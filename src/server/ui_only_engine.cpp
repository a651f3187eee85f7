#include "base/error.h"
#include "server/engine.h"

namespace headroom::server {

std::unique_ptr<SessionPort> UiOnlyEngine::open(SessionRequest /*request*/, Publish /*publish*/) {
  throw Error(ErrorKind::usage, "this server was started without a backend");
}

void UiOnlyEngine::begin_upload(UploadRequest /*upload*/, Publish answer, Publish /*push*/) {
  answer(wire::UploadFailed{.error = "this server was started without a backend", .code = "busy"});
}

bool UiOnlyEngine::ready(std::string& why) const {
  why = "this server was started without a backend";
  return false;
}

nlohmann::json UiOnlyEngine::loras() const {
  return {{"dir", "loras"},
          {"extra_dirs", nlohmann::json::array()},
          {"checkpoint", nullptr},
          {"checkpoint_scale", nullptr},
          {"loras", nlohmann::json::array()}};
}

nlohmann::json UiOnlyEngine::memory() const { return nlohmann::json::object(); }

nlohmann::json UiOnlyEngine::info() const { return {{"no_backend", true}}; }

}  // namespace headroom::server
