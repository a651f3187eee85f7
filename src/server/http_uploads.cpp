#include "server/http_uploads.h"

#include <charconv>
#include <cstdio>
#include <regex>
#include <utility>

#include <fmt/format.h>

#include "audio/load.h"
#include "base/error.h"
#include "base/log.h"
#include "library/content_hash.h"
#include "server/access.h"
#include "server/early_decode.h"
#include "session/preparer.h"
#include "wire/field_reader.h"
#include "wire/message.h"

namespace headroom::server {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = 256 << 10;
constexpr std::chrono::hours kKeptPartials{24};
constexpr const char* kResumable = ".part";
constexpr const char* kOnce = ".body";

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || result.ec != std::errc() || result.ptr != text.data() + text.size())
    return std::nullopt;
  return value;
}

nlohmann::json ok_json(const library::Track& track, bool pending) {
  wire::UploadOk ok;
  ok.name = track.name;
  ok.bpm = track.bpm.value_or(0);
  ok.key = track.key.value_or("");
  ok.time_signature = track.time_signature.value_or("4");
  ok.duration_s = static_cast<double>(track.samples) / wire::kSampleRate;
  ok.samples = track.samples;
  ok.stems_pending = pending;
  ok.track_id = track.id;
  return wire::to_json(wire::Event(ok));
}

HttpReply too_large(std::uint64_t limit) {
  return problem(413, "too_large", "the file is larger than this server takes", {{"limit", limit}});
}

// What an answer of phase 1 means to a program that speaks HTTP.
HttpReply reply_of(const wire::Event& event) {
  if (const auto* const failed = std::get_if<wire::UploadFailed>(&event)) {
    const auto code = failed->code.value_or("internal");
    const int status = code == "quota" || code == "disk_full"       ? 507
                       : code == "memory_refused" || code == "busy" ? 503
                       : code == "internal"                         ? 500
                                                                    : 422;
    return problem(status, code, failed->error);
  }
  return json_reply(wire::to_json(event), 201);
}

}  // namespace

struct HttpUploads::Upload {
  wire::UploadTrack track;
  Owner owner;
  fs::path file;
  bool kept = false;  // has an upload_id: what is there survives a broken connection
  bool complete = true;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> size{};  // of the whole file, where this request ends it
};

// One connection writes one file. Frees it, and removes what nobody can go on with.
class HttpUploads::Turn {
 public:
  Turn(HttpUploads& uploads, const fs::path& file) : uploads_(uploads), file_(file) {
    const std::lock_guard lock(uploads_.mutex_);
    mine_ = uploads_.busy_.insert(file_).second;
  }
  ~Turn() { end(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  bool mine() const { return mine_; }
  void remove_at_end(bool remove) { remove_ = remove; }
  /// The file will have `size` bytes and exists: it is decoded as it comes, if there is room for
  /// one more of those.
  void decode_early(std::uint64_t size);
  EarlyDecode* early() { return early_.get(); }
  /// Before the answer: who has it may go on at once, over another connection.
  void end();

 private:
  HttpUploads& uploads_;
  fs::path file_;
  bool mine_ = false;
  bool remove_ = true;
  std::unique_ptr<EarlyDecode> early_;
};

void HttpUploads::Turn::decode_early(std::uint64_t size) {
  const auto& limits = uploads_.around_.limits;
  if (size < limits.early_decode) return;
  const std::lock_guard lock(uploads_.mutex_);
  if (uploads_.early_ >= limits.most_uploads) return;
  try {
    auto ahead = uploads_.around_.engine.begin_ahead();
    if (ahead == nullptr) return;
    early_ = std::make_unique<EarlyDecode>(file_, size, limits.longest_audio_s, std::move(ahead));
    ++uploads_.early_;
  } catch (const std::exception& error) {
    log::warn("an upload is not decoded while it arrives: {}", error.what());
  }
}

void HttpUploads::Turn::end() {
  if (!std::exchange(mine_, false)) return;
  std::error_code ignored;
  if (remove_) fs::remove(file_, ignored);
  const std::lock_guard lock(uploads_.mutex_);
  uploads_.busy_.erase(file_);
  if (early_ == nullptr) return;
  --uploads_.early_;
  // It waits for a step of the device, for which this thread has no time.
  early_->stop();
  net::post(uploads_.workers_, [early = std::move(early_)] {});
}

HttpUploads::HttpUploads(Surroundings around, const Site& site, net::thread_pool& workers,
                         fs::path folder)
    : around_(around), site_(site), workers_(workers), folder_(std::move(folder)) {
  std::error_code code;
  fs::create_directories(folder_, code);
  for (const auto& entry : fs::directory_iterator(folder_, code)) {
    std::error_code ignored;
    // A process that was killed leaves bodies; without an upload_id nobody can go on with them.
    if (entry.path().extension() != kResumable ||
        fs::file_time_type::clock::now() - entry.last_write_time(ignored) > kKeptPartials)
      fs::remove(entry.path(), ignored);
  }
}

fs::path HttpUploads::file_of(const std::string& owner, const std::string& upload_id) const {
  library::Hasher hasher;
  const auto text = owner + "\n" + upload_id;
  hasher.add({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  return folder_ / (hasher.finish().substr(0, 32) + kResumable);
}

// Who, what and where; a reply when it cannot be.
std::optional<HttpReply> HttpUploads::prepare(const HttpRequest& request,
                                              std::optional<std::uint64_t> length, Upload& upload) {
  const Caller caller{request.header("host"), request.header("origin"),
                      request.header("authorization"), request.target};
  if (const auto denial = check_access(site_.access(), caller)) {
    ++around_.metrics.denied;
    return problem(denial->status, denial->status == 401 ? "token_needed" : "forbidden",
                   denial->message);
  }
  static const std::regex good_id("[A-Za-z0-9_-]{8,64}");
  const auto id = query_value(request.target, "upload_id");
  if (!id.empty() && !std::regex_match(id, good_id))
    return problem(400, "bad_upload_id", "an upload_id has 8 to 64 letters, digits, _ and -");
  upload.owner = {query_value(request.target, "client_id"), request.address};
  upload.kept = !id.empty();
  upload.file =
      id.empty() ? folder_ / (library::random_id() + kOnce) : file_of(upload.owner.key(), id);
  std::error_code code;
  const auto there = fs::file_size(upload.file, code);
  upload.offset = code ? 0 : there;
  if (request.method == "HEAD")
    return HttpReply{.status = 204, .headers = {{"Upload-Offset", std::to_string(upload.offset)}}};
  if (request.method != "POST")
    return problem(405, "method", "POST a file of audio, or ask with GET and HEAD");
  const auto wanted = request.header("upload-offset");
  if (number_of(wanted.empty() ? "0" : wanted) != upload.offset &&
      !(wanted.empty() && !upload.kept)) {
    auto reply =
        problem(409, "offset", "the upload goes on at another byte", {{"offset", upload.offset}});
    reply.headers.emplace_back("Upload-Offset", std::to_string(upload.offset));
    return reply;
  }
  upload.complete = request.header("upload-complete") != "?0";
  if (upload.complete && length) upload.size = upload.offset + *length;
  if (length.value_or(0) + upload.offset > around_.limits.upload_body)
    return too_large(around_.limits.upload_body);
  nlohmann::json members{{"name", query_value(request.target, "name")},
                         {"key", query_value(request.target, "key")},
                         {"time_signature", query_value(request.target, "time_signature")}};
  if (members["name"] == "") members["name"] = "upload";
  std::vector<wire::Complaint> complaints;
  wire::FieldReader read(members, complaints);
  wire::read_fields(read, upload.track);
  if (!complaints.empty()) return problem(400, "bad_field", complaints[0].message);
  upload.track.client_id = upload.owner.key();
  const auto room = around_.library.reserve(upload.track.name, length.value_or(0));
  if (!room) {
    return problem(
        507, room.error().kind == library::LibraryRefusal::Kind::quota ? "quota" : "disk_full",
        room.error().message);
  }
  return std::nullopt;
}

net::awaitable<bool> HttpUploads::serve(beast::tcp_stream& stream, beast::flat_buffer& buffer,
                                        http::request_parser<http::empty_body>& header,
                                        const HttpRequest& request) {
  Upload upload;
  std::optional<std::uint64_t> length;
  if (const auto announced = header.content_length()) length = *announced;
  auto reply = prepare(request, length, upload);
  if (reply) {
    co_await write_reply(stream, *reply, request.method == "HEAD", header.is_done());
    co_return header.is_done();
  }
  Turn turn(*this, upload.file);
  if (!turn.mine() || around_.metrics.uploads_running >= around_.limits.most_uploads) {
    co_await write_reply(stream, problem(429, "busy", "too many uploads at once; try again"), false,
                         false);
    co_return false;
  }
  if (request.header("expect") == "100-continue") {
    error_code code;
    constexpr std::string_view go = "HTTP/1.1 100 Continue\r\n\r\n";
    co_await net::async_write(stream, net::buffer(go), into(code));
  }
  turn.remove_at_end(!upload.kept);
  reply = co_await receive(stream, buffer, header, upload, turn);
  if (reply) {
    turn.end();
    if (reply->status != 0) co_await write_reply(stream, *reply, false, false);
    co_return false;
  }
  if (!upload.complete) {
    HttpReply more{.status = 202, .headers = {{"Upload-Offset", std::to_string(upload.offset)}}};
    turn.remove_at_end(false);
    turn.end();
    co_return co_await write_reply(stream, more, false, true);
  }
  turn.remove_at_end(true);
  stream.expires_never();
  const auto answer = co_await finish(upload, turn);
  turn.end();
  co_return co_await write_reply(stream, answer, false, true);
}

// The body to the disk. A reply with status 0 means that the peer is gone.
net::awaitable<std::optional<HttpReply>> HttpUploads::receive(
    beast::tcp_stream& stream, beast::flat_buffer& buffer,
    http::request_parser<http::empty_body>& header, Upload& upload, Turn& turn) {
  http::request_parser<http::buffer_body> body(std::move(header));
  body.body_limit(around_.limits.upload_body - upload.offset);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(upload.file.c_str(), "ab"),
                                                             &std::fclose);
  if (!file) co_return problem(507, "disk_full", "the server cannot keep the file");
  if (upload.size) turn.decode_early(*upload.size);
  auto* const early = turn.early();
  if (early != nullptr) early->reach(upload.offset);
  std::vector<char> piece(kPiece);
  while (!body.is_done()) {
    body.get().body().data = piece.data();
    body.get().body().size = piece.size();
    error_code code;
    stream.expires_after(around_.limits.idle_http);
    co_await http::async_read_some(stream, buffer, body, into(code));
    if (code == http::error::need_buffer) code = {};
    if (code == http::error::body_limit) co_return too_large(around_.limits.upload_body);
    const auto size = piece.size() - body.get().body().size;
    if (std::fwrite(piece.data(), 1, size, file.get()) != size || std::fflush(file.get()) != 0)
      co_return problem(507, "disk_full", "the server's disk is full");
    upload.offset += size;
    if (early != nullptr) early->reach(upload.offset);
    if (code) co_return HttpReply{.status = 0};
  }
  co_return std::nullopt;
}

// On a worker: decoding takes long.
HttpReply HttpUploads::decode(Upload& upload, std::optional<wire::Pcm>& pcm) const {
  try {
    LoadSettings settings;
    settings.channels = wire::kChannels;
    settings.bad_samples = BadSamples::silence;
    settings.longest_seconds = around_.limits.longest_audio_s;
    pcm = session::pcm_of(load_audio(upload.file, static_cast<int>(wire::kSampleRate), settings));
  } catch (const Error& error) {
    // The file's name on this server is nobody's business (W7).
    std::string what = error.what();
    const auto name = upload.file.string();
    for (auto at = what.find(name); at != std::string::npos; at = what.find(name))
      what.replace(at, name.size(), "the file");
    return problem(error.kind() == ErrorKind::memory ? 503 : 415, "not_audio", what);
  }
  if (pcm->frames < wire::kShortestSourceS * wire::kSampleRate)
    return problem(422, "too_short", "at least a second of audio is needed");
  const auto hash = library::content_hash(pcm->samples, pcm->channels);
  const auto same = around_.library.find_content(hash);
  if (!same) return {.status = 0};
  return json_reply(ok_json(*same, around_.library.stems().pending(same->id)), 200);
}

net::awaitable<HttpReply> HttpUploads::finish(Upload& upload, Turn& turn) {
  std::optional<wire::Pcm> pcm;
  std::unique_ptr<UploadAhead> ahead;
  auto reply = co_await net::co_spawn(
      workers_.get_executor(),
      [&]() -> net::awaitable<HttpReply> {
        auto* const early = turn.early();
        if (early != nullptr) early->stop();
        auto decoded = decode(upload, pcm);
        if (early != nullptr) ahead = early->finish();
        if (decoded.status != 0) ahead.reset();
        co_return decoded;
      },
      net::use_awaitable);
  if (reply.status != 0) co_return reply;
  co_return co_await hand_over(upload, *std::move(pcm), std::move(ahead));
}

net::awaitable<HttpReply> HttpUploads::hand_over(const Upload& upload, wire::Pcm pcm,
                                                 std::unique_ptr<UploadAhead> ahead) {
  struct Answer {
    explicit Answer(const net::any_io_executor& executor) : signal(executor) {
      signal.expires_at(std::chrono::steady_clock::time_point::max());
    }
    net::steady_timer signal;
    std::optional<wire::Event> event;
  };
  const auto executor = co_await net::this_coro::executor;
  const auto answer = std::make_shared<Answer>(executor);
  ++around_.metrics.uploads_running;
  around_.engine.begin_upload(
      {.track = upload.track,
       .source = std::move(pcm),
       .owner = upload.owner,
       .ahead = std::move(ahead)},
      [answer, executor, &metrics = around_.metrics](wire::Event event) {
        --metrics.uploads_running;
        ++(std::holds_alternative<wire::UploadOk>(event) ? metrics.uploads
                                                         : metrics.uploads_failed);
        net::post(executor, [answer, event = std::move(event)]() mutable {
          answer->event = std::move(event);
          answer->signal.cancel();
        });
      },
      [owner = upload.owner, &lobby = around_.lobby](const wire::Event& event) {
        lobby.push(owner, event);
      });
  while (!answer->event) {
    error_code ignored;
    co_await answer->signal.async_wait(into(ignored));
  }
  co_return reply_of(*answer->event);
}

}  // namespace headroom::server
