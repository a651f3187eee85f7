#include "server/upload_bench.h"

#include <chrono>

#include <fmt/format.h>

#include "base/error.h"
#include "server/ear.h"
#include "wire/constants.gen.h"
#include "wire/frames.h"

namespace headroom::server {
namespace {

using Clock = std::chrono::steady_clock;

double seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

UploadTiming upload(const UploadBenchSettings& settings, int number) {
  const auto sound = settings.sound(number);
  const auto bytes = wire::make_pcm(sound.samples, sound.channels);
  WireClient client(settings.address);
  const nlohmann::json header{{"type", "upload_track"},
                              {"name", fmt::format("bench-{}", number)},
                              {"client_id", "headroom-bench"}};
  const auto began = Clock::now();
  client.send_text(header.dump());
  client.send_binary(bytes);
  const auto sent = Clock::now();
  const auto frame = client.read(sent + std::chrono::duration_cast<Clock::duration>(
                                            std::chrono::duration<double>(settings.most_seconds)));
  if (!frame) throw Error(ErrorKind::input, "the server does not answer an upload");
  const auto answer = nlohmann::json::parse(frame->bytes, nullptr, false);
  if (!answer.is_object() || answer.value("type", "") != "upload_ok")
    throw Error(ErrorKind::input, fmt::format("the server says: {}", printable(frame->bytes, 400)));
  return {seconds(sent - began), seconds(frame->arrived - sent),
          static_cast<double>(sound.frames) / static_cast<double>(wire::kSampleRate)};
}

Spread answers_of(const std::vector<UploadTiming>& uploads) {
  std::vector<double> values;
  values.reserve(uploads.size());
  for (const auto& one : uploads) values.push_back(one.answer);
  return spread_of(std::move(values));
}

}  // namespace

std::vector<UploadTiming> bench_upload(const UploadBenchSettings& settings,
                                       const std::function<bool()>& stop) {
  std::vector<UploadTiming> uploads;
  for (int i = 0; i < settings.count && !stop(); ++i) uploads.push_back(upload(settings, i));
  return uploads;
}

nlohmann::json to_json(const std::vector<UploadTiming>& uploads) {
  auto list = nlohmann::json::array();
  for (const auto& one : uploads)
    list.push_back({{"track_seconds", one.length},
                    {"transfer_seconds", one.transfer},
                    {"answer_seconds", one.answer}});
  const auto spread = answers_of(uploads);
  return {{"uploads", std::move(list)},
          {"answer_seconds",
           {{"count", spread.count},
            {"min", spread.least},
            {"median", spread.median},
            {"max", spread.most}}}};
}

std::string to_text(const std::vector<UploadTiming>& uploads) {
  std::string text;
  for (const auto& one : uploads)
    text += fmt::format("{:.0f} s of sound: sent in {:.2f} s, upload_ok {:.2f} s later\n",
                        one.length, one.transfer, one.answer);
  const auto spread = answers_of(uploads);
  return text + fmt::format("answer: {:.2f} s at the median, {:.2f} at best, {:.2f} at worst\n",
                            spread.median, spread.least, spread.most);
}

}  // namespace headroom::server
