#include "server/conversation.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "wire/constants.gen.h"
#include "wire/frames.h"

namespace headroom::server {
namespace {

constexpr std::size_t kMostWarnings = 64;  // of one connection

Goodbye failed(std::string reason) {
  return {static_cast<int>(wire::kCloseFailed), std::move(reason)};
}

Actions init_failure(std::string code, std::string message, std::string reason) {
  wire::InitError error;
  error.code = std::move(code);
  error.message = std::move(message);
  error.close_reason = reason;
  return {wire::Event(std::move(error)), failed(std::move(reason))};
}

Actions upload_failure(std::string code, std::string message,
                       const std::optional<std::string>& request_id) {
  wire::UploadFailed event;
  event.code = std::move(code);
  event.error = std::move(message);
  event.request_id = request_id;
  return {wire::Event(std::move(event)), Goodbye{}};
}

double seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

Conversation::Conversation(const Limits& limits, Time now)
    : limits_(limits),
      since_(now),
      allowance_(static_cast<double>(limits.commands_per_second)),
      refilled_(now) {}

std::size_t Conversation::text_limit() const {
  return began_ ? limits_.later_text : limits_.first_text;
}

void Conversation::complain(const std::vector<wire::Complaint>& complaints,
                            std::string_view command, Actions& actions) {
  for (const auto& complaint : complaints) {
    const auto field = fmt::format("{}.{}", command, complaint.field);
    if (complained_.size() >= kMostWarnings ||
        std::find(complained_.begin(), complained_.end(), field) != complained_.end())
      continue;
    complained_.push_back(field);
    actions.emplace_back(wire::Event(wire::Warning{
        .command = std::string(command), .field = complaint.field, .message = complaint.message}));
  }
}

Actions Conversation::first(std::string_view text, Time now) {
  auto parsed = wire::parse_first(text);
  if (!parsed) return init_failure("bad_config", parsed.error().message, "bad configuration");
  began_ = true;
  since_ = now;
  // Before `ready` nothing may be sent but an error, so complaints about the configuration only
  // count as said; the server logs them.
  if (auto* const track = std::get_if<wire::UploadTrack>(&parsed.value().message)) {
    upload_ = true;
    owed_ = std::move(*track);
    return {};
  }
  auto& config = std::get<wire::SessionConfig>(parsed.value().message);
  if (!wire::wants_audio(config)) {
    if (!config.fixture_name || config.fixture_name->empty())
      return init_failure("fixture_unavailable", "use_server_fixture needs fixture_name",
                          "fixture unavailable");
    return {StartSession{std::move(config), std::nullopt}};
  }
  owed_ = std::move(config);
  return {};
}

Actions Conversation::command(std::string_view text, Time now) {
  allowance_ = std::min<double>(
      static_cast<double>(limits_.commands_per_second),
      allowance_ + seconds(now - refilled_) * static_cast<double>(limits_.commands_per_second));
  refilled_ = now;
  if (allowance_ < 1.0) {
    return {Goodbye{static_cast<int>(wire::kClosePolicy),
                    fmt::format("more than {} commands a second", limits_.commands_per_second)}};
  }
  allowance_ -= 1.0;
  auto parsed = wire::parse_command(text);
  if (!parsed) return {wire::failure_of(parsed.error())};
  auto& message = parsed.value().message;
  Actions actions;
  complain(parsed.value().complaints, wire::type_of(message), actions);
  if (wire::wants_audio(message)) {
    owed_ = std::move(message);
    since_ = now;
  } else {
    actions.emplace_back(Post{std::move(message), std::nullopt});
  }
  return actions;
}

Actions Conversation::on_text(std::string_view text, Time now) {
  if (!began_) return first(text, now);
  if (upload_) {
    const bool owed = owes_audio();
    return owed ? fail_owed("expected binary PCM frame after upload header") : Actions{};
  }
  if (std::holds_alternative<wire::SessionConfig>(owed_))
    return fail_owed("a PCM frame is expected after the configuration");
  Actions actions;
  if (owes_audio()) actions = fail_owed("a text frame came where the command's audio was expected");
  auto more = command(text, now);
  std::move(more.begin(), more.end(), std::back_inserter(actions));
  return actions;
}

// The command whose audio did not come, or is none.
Actions Conversation::fail_owed(const std::string& why) {
  const auto owed = std::exchange(owed_, std::monostate{});
  if (std::holds_alternative<wire::SessionConfig>(owed))
    return init_failure("bad_audio", why, "bad audio");
  if (const auto* const track = std::get_if<wire::UploadTrack>(&owed))
    return upload_failure("bad_frame", why, track->request_id);
  const auto& command = std::get<wire::Command>(owed);
  return {wire::failure_of(wire::type_of(command), "", why, wire::request_id_of(command))};
}

bool Conversation::wants(std::span<const std::uint8_t> start) const {
  if (!owes_audio()) return false;
  const auto header = wire::parse_pcm_header(start);
  if (!header) return false;
  const auto& found = header.value();
  return found.body_bytes() + static_cast<std::uint64_t>(wire::kPcmHeaderBytes) <=
             limits_.message &&
         found.frames <= limits_.longest_audio_s * static_cast<double>(wire::kSampleRate);
}

Actions Conversation::on_refused_binary(std::span<const std::uint8_t> start, Time now) {
  if (!began_) return init_failure("bad_config", "the first frame is a text", "bad configuration");
  if (!owes_audio()) {
    // What follows a command that was refused already.
    Actions actions;
    if (now >= since_)
      complain({{"", "a binary frame that no command announced was left out"}}, "", actions);
    return actions;
  }
  const auto header = wire::parse_pcm_header(start);
  if (!header) return fail_owed(header.error().message);
  return fail_owed(fmt::format("{:.0f} s of audio are more than the server takes, {:.0f} s",
                               header.value().frames / static_cast<double>(wire::kSampleRate),
                               limits_.longest_audio_s));
}

Actions Conversation::on_binary(std::span<const std::uint8_t> bytes, Time now) {
  if (!wants(bytes)) return on_refused_binary(bytes, now);
  const auto frame = wire::parse_pcm(bytes);
  if (!frame) return fail_owed(frame.error().message);
  const bool reference = std::holds_alternative<wire::Command>(owed_) &&
                         !std::holds_alternative<wire::SwapSource>(std::get<wire::Command>(owed_));
  const double length = frame.value().frames / static_cast<double>(wire::kSampleRate);
  if (!reference && length < wire::kShortestSourceS)
    return fail_owed(fmt::format("{:.2f} s of audio are too short; at least {:.0f} s are needed",
                                 length, wire::kShortestSourceS));
  auto pcm = wire::read_pcm(frame.value());
  auto owed = std::exchange(owed_, std::monostate{});
  if (auto* const config = std::get_if<wire::SessionConfig>(&owed))
    return {StartSession{std::move(*config), std::move(pcm)}};
  if (auto* const track = std::get_if<wire::UploadTrack>(&owed))
    return {StartUpload{std::move(*track), std::move(pcm)}};
  return {Post{std::move(std::get<wire::Command>(owed)), std::move(pcm)}};
}

Actions Conversation::on_tick(Time now) {
  if (!began_ && now - since_ > limits_.handshake) {
    return init_failure("timeout", "no configuration came", "no configuration");
  }
  if (owes_audio() && now - since_ > limits_.audio_gap) {
    return fail_owed(fmt::format("the audio did not come within {} s", limits_.audio_gap.count()));
  }
  return {};
}

}  // namespace headroom::server
