#include "server/studio_engine.h"

#include "session/playback.h"
#include "wire/constants.gen.h"

namespace headroom::server {
namespace {

// Transitions that the memory map draws; steps alone would push everything else out.
constexpr std::size_t kShownEvents = 400;

class StudioSession final : public SessionPort {
 public:
  StudioSession(session::Stage& stage, session::Start start, Publish publish)
      : session_(stage, std::move(start), std::move(publish)) {}

  void post(wire::Command command, std::optional<wire::Pcm> audio) override {
    session_.post(std::move(command), std::move(audio));
  }
  wire::Snapshot snapshot() const override { return session_.snapshot(); }
  void stop() override { session_.stop(); }
  bool detach() override {
    session_.detach();
    return session_.playing();
  }
  bool attach(Publish publish) override {
    if (!session_.playing()) return false;
    session_.attach(std::move(publish));
    return true;
  }

 private:
  session::Session session_;
};

class StudioAhead final : public UploadAhead {
 public:
  explicit StudioAhead(session::Stage& stage) : ahead_(std::make_unique<session::Ahead>(stage)) {}

  void add(std::span<const float> samples, const std::stop_token& stop) override {
    ahead_->add(session::deinterleaved(samples, wire::kChannels), stop);
  }
  std::unique_ptr<session::Ahead> take() { return std::move(ahead_); }

 private:
  std::unique_ptr<session::Ahead> ahead_;
};

}  // namespace

std::unique_ptr<SessionPort> StudioEngine::open(SessionRequest request, Publish publish) {
  return std::make_unique<StudioSession>(stage_,
                                         session::Start{.id = std::move(request.id),
                                                        .config = std::move(request.config),
                                                        .pcm = std::move(request.source)},
                                         std::move(publish));
}

void StudioEngine::begin_upload(UploadRequest upload, Publish answer, Publish push) {
  upload.track.client_id = upload.owner.key();
  auto* const ahead = dynamic_cast<StudioAhead*>(upload.ahead.get());
  uploads_.begin(std::move(upload.track), std::move(upload.source), std::move(answer),
                 std::move(push), ahead != nullptr ? ahead->take() : nullptr);
}

std::unique_ptr<UploadAhead> StudioEngine::begin_ahead() {
  return std::make_unique<StudioAhead>(stage_);
}

bool StudioEngine::ready(std::string& why) const {
  if (!warm_up_) return true;
  const auto state = warm_up_->state();
  if (!state.done) why = "the model is warming up; sessions may begin, the first one waits longer";
  if (!state.error.empty()) why = "the warm-up failed: " + state.error;
  return state.done && state.error.empty();
}

nlohmann::json StudioEngine::loras() const {
  auto list = nlohmann::json::array();
  for (const auto& entry : stage_.loras.entries()) list.push_back(wire::to_json(entry));
  auto answer = info();
  return {{"dir", "loras"},
          {"extra_dirs", nlohmann::json::array()},
          {"checkpoint", answer["checkpoint"]},
          {"checkpoint_scale", answer["checkpoint_scale"]},
          {"loras", std::move(list)}};
}

nlohmann::json StudioEngine::memory() const {
  auto map = stage_.studio.residency().snapshot();
  auto events = nlohmann::json::array();
  const auto recent = stage_.studio.telemetry().recent();
  std::size_t shown = 0;
  for (auto event = recent.rbegin(); event != recent.rend() && shown < kShownEvents; ++event) {
    if (event->what == "step") continue;
    events.push_back(event->json());
    ++shown;
  }
  map["events"] = std::move(events);  // the newest first
  map["counts"] = stage_.studio.telemetry().counts();
  return map;
}

nlohmann::json StudioEngine::info() const {
  nlohmann::json scale;
  if (const auto known = stage_.studio.checkpoint_scale()) scale = *known;
  nlohmann::json warmup;
  if (warm_up_) {
    const auto state = warm_up_->state();
    warmup = {{"done", state.done},
              {"error", state.error.empty() ? nlohmann::json() : nlohmann::json(state.error)},
              {"seconds", state.done ? nlohmann::json(state.seconds) : nlohmann::json()}};
  }
  return {{"checkpoint", stage_.studio.checkpoint_name()},
          {"warmup", warmup},
          {"checkpoint_scale", scale},
          {"stems", stage_.studio.networks().separator.component != nullptr}};
}

}  // namespace headroom::server
