#include "server/small_engine.h"

#include <algorithm>

#include "wire/constants.gen.h"
#include "wire/frames.h"
#include "wire/message.h"

namespace headroom::server::test {

using namespace std::chrono_literals;

class SmallSession : public SessionPort {
 public:
  SmallSession(SmallEngine& engine, SessionRequest request, Publish publish)
      : engine_(engine), request_(std::move(request)), publish_(std::move(publish)) {
    const int alive = ++engine_.alive;
    int most = engine_.most_alive;
    while (alive > most && !engine_.most_alive.compare_exchange_weak(most, alive)) {
    }
    ++engine_.opened;
    thread_ = std::thread([this] { run(); });
  }
  ~SmallSession() override {
    stop();
    thread_.join();
    std::this_thread::sleep_for(engine_.teardown);
    --engine_.alive;
  }

  void post(wire::Command command, std::optional<wire::Pcm> audio) override {
    const std::lock_guard lock(mutex_);
    inbox_.emplace_back(std::move(command), std::move(audio));
    changed_.notify_all();
  }
  void stop() override {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  bool detach() override {
    const std::lock_guard lock(publish_mutex_);
    publish_ = nullptr;
    return playing_;
  }
  bool attach(Publish publish) override {
    auto ready = this->ready();
    ready.resumed = snapshot();
    const std::lock_guard lock(publish_mutex_);
    publish_ = std::move(publish);
    publish_(std::move(ready));
    return true;
  }
  wire::Snapshot snapshot() const override {
    const std::lock_guard lock(mutex_);
    return snapshot_;
  }

 private:
  using Item = std::pair<wire::Command, std::optional<wire::Pcm>>;

  void run();
  bool start();
  void slice();
  wire::Ready ready() const;
  void tell(wire::Event event) {
    const std::lock_guard lock(publish_mutex_);
    if (publish_) publish_(std::move(event));
  }
  std::optional<wire::Pcm> by_name(const std::string& name) const;
  void announce_stems(const std::string& name, const std::optional<wire::StemMode>& mode);
  wire::LoraCatalog catalog() const;

  void apply(wire::Params& command, std::optional<wire::Pcm>&) {
    const std::lock_guard lock(mutex_);
    snapshot_.knob_values.update(command.raw);
  }
  void apply(wire::Prompt& command, std::optional<wire::Pcm>&) {
    {
      const std::lock_guard lock(mutex_);
      snapshot_.prompt = command.tags;
    }
    tell(wire::PromptApplied{command.tags, command.request_id});
  }
  void apply(wire::SetDepth& command, std::optional<wire::Pcm>&) {
    const auto value = std::min<std::int64_t>(command.value, 4);
    if (value == depth_) return;
    depth_ = value;
    tell(wire::DepthApplied{value, command.request_id});
  }
  void apply(wire::EnableLora& command, std::optional<wire::Pcm>&) {
    enabled_.insert(command.id);
    auto event = catalog();
    event.request_id = command.request_id;
    tell(event);
  }
  void apply(wire::DisableLora& command, std::optional<wire::Pcm>&) {
    enabled_.erase(command.id);
    tell(catalog());
  }
  void apply(wire::TimbreSource& command, std::optional<wire::Pcm>& audio) {
    tell(wire::TimbreSet{command.name, seconds(*audio), command.request_id});
  }
  void apply(wire::StructureSource& command, std::optional<wire::Pcm>& audio) {
    tell(wire::StructureSet{command.name, seconds(*audio), command.request_id});
  }
  void apply(wire::TimbreFixture& command, std::optional<wire::Pcm>&) {
    tell(wire::TimbreFailed{"unknown fixture: " + command.name, command.request_id});
  }
  void apply(wire::StructureFixture& command, std::optional<wire::Pcm>&) {
    tell(wire::StructureFailed{"unknown fixture: " + command.name, command.request_id});
  }
  void apply(wire::ClearTimbre&, std::optional<wire::Pcm>&) { tell(wire::TimbreCleared{}); }
  void apply(wire::ClearStructure&, std::optional<wire::Pcm>&) { tell(wire::StructureCleared{}); }
  void apply(wire::SwapSource& command, std::optional<wire::Pcm>& audio);
  template <class Other>
  void apply(Other&, std::optional<wire::Pcm>&) {}

  static double seconds(const wire::Pcm& pcm) { return pcm.frames / 48000.0; }

  SmallEngine& engine_;
  SessionRequest request_;
  std::mutex publish_mutex_;
  Publish publish_;
  std::atomic<bool> playing_ = false;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> inbox_;
  bool stopping_ = false;
  wire::Snapshot snapshot_;
  wire::Pcm source_;
  std::set<std::string> enabled_;
  std::int64_t depth_ = 4;
  std::uint32_t generations_ = 0;
  std::thread thread_;
};

std::optional<wire::Pcm> SmallSession::by_name(const std::string& name) const {
  const auto track = engine_.library_.find(name);
  if (!track) return std::nullopt;
  return engine_.library_.read_source(*track);
}

wire::LoraCatalog SmallSession::catalog() const {
  wire::LoraCatalog event;
  for (const auto& id : enabled_)
    event.catalog.push_back({.id = id, .name = id, .state = "enabled"});
  return event;
}

wire::Ready SmallSession::ready() const {
  wire::Ready ready;
  ready.duration = seconds(source_);
  ready.session_id = request_.id;
  ready.buffer = wire::to_halves(source_.samples);
  for (const auto& id : request_.config.enabled_loras) ready.lora_pending_enable.push_back(id);
  return ready;
}

bool SmallSession::start() {
  auto source = request_.source;
  if (!source) source = by_name(request_.config.fixture_name.value_or(""));
  if (!source) {
    tell(wire::InitError{.code = "fixture_unavailable",
                         .message = "there is no such track",
                         .close_reason = "fixture unavailable"});
    return false;
  }
  source_ = *std::move(source);
  playing_ = true;
  {
    const std::lock_guard lock(mutex_);
    snapshot_.prompt = request_.config.prompt;
    snapshot_.fixture_name = request_.config.fixture_name;
    snapshot_.duration = seconds(source_);
  }
  tell(ready());
  const auto name = request_.config.fixture_name.value_or("");
  announce_stems(name, request_.config.stem_source_mode.value_or(wire::StemMode::full));
  if (!request_.config.enabled_loras.empty()) tell(catalog());
  return true;
}

void SmallSession::announce_stems(const std::string& name,
                                  const std::optional<wire::StemMode>& mode) {
  wire::StemAssets stems;
  stems.fixture_name = name;
  stems.frames = source_.frames;
  stems.source_mode = mode;
  stems.audio = {wire::to_halves(source_.samples), wire::to_halves(source_.samples)};
  tell(stems);
}

void SmallSession::apply(wire::SwapSource& command, std::optional<wire::Pcm>& audio) {
  auto source = command.use_server_source ? by_name(command.fixture_name.value_or("")) : audio;
  if (!source) {
    tell(wire::SwapFailed{.error = "server source load failed: there is no such track",
                          .build_command = {},
                          .request_id = command.request_id});
    return;
  }
  const auto name = command.fixture_name.value_or("");
  if (name == "third.wav") {  // the recorded transcript's failing separator
    tell(wire::SwapFailed{.error = "Stem extraction failed: separator unavailable"});
    return;
  }
  source_ = *std::move(source);
  wire::SwapReady ready;
  ready.duration = seconds(source_);
  ready.fixture_name = command.fixture_name;
  ready.request_id = command.request_id;
  ready.buffer = wire::to_halves(source_.samples);
  tell(ready);
  if (name == "fourth.wav") {
    tell(wire::StemFailed{name, "separator unavailable"});
  } else {
    announce_stems(name, command.stem_source_mode.value_or(wire::StemMode::full));
  }
  const std::lock_guard lock(mutex_);
  snapshot_.fixture_name = command.fixture_name;
}

void SmallSession::slice() {
  const auto frames = std::min<std::size_t>(engine_.slice_frames, source_.frames);
  const auto start =
      static_cast<std::uint32_t>((generations_ * 977U) % (source_.frames - frames + 1));
  auto samples = std::make_shared<std::vector<float>>(
      source_.samples.begin() + start * 2L,
      source_.samples.begin() + static_cast<long>(start + frames) * 2L);
  for (auto& sample : *samples) sample *= 0.5F + static_cast<float>(generations_ % 10) / 20.0F;
  tell(wire::Slice{start, samples, 10.5F, 3.25F, ++generations_});
  tell(wire::ParamsUpdate{{{"num_gens", generations_}, {"tick_ms", 10.5}, {"dec_ms", 3.25}}});
}

void SmallSession::run() {
  if (!start()) return;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    changed_.wait_for(lock, engine_.tick, [this] { return stopping_ || !inbox_.empty(); });
    while (!inbox_.empty() && !stopping_) {
      auto [command, audio] = std::move(inbox_.front());
      inbox_.pop_front();
      lock.unlock();
      std::visit([&](auto& one) { apply(one, audio); }, command);
      lock.lock();
    }
    if (stopping_) break;
    lock.unlock();
    if (engine_.crash_after_slices >= 0 &&
        static_cast<int>(generations_) >= engine_.crash_after_slices) {
      tell(wire::RuntimeError{.message = "the runner failed"});
      return;
    }
    slice();
    lock.lock();
  }
}

std::unique_ptr<SessionPort> SmallEngine::open(SessionRequest request, Publish publish) {
  return std::make_unique<SmallSession>(*this, std::move(request), std::move(publish));
}

SmallEngine::~SmallEngine() { end_uploads(); }

void SmallEngine::end_uploads() {
  std::vector<std::thread> uploads;
  {
    const std::lock_guard lock(mutex_);
    uploads = std::move(uploads_);
  }
  for (auto& upload : uploads) upload.join();
}

bool SmallEngine::ready(std::string& why) const {
  why = "";
  return true;
}

nlohmann::json SmallEngine::memory() const {
  // As Residency::snapshot() has it, with the counts that StudioEngine adds.
  const nlohmann::json lease{
      {"owner", "session \"a\""}, {"name", "plan"}, {"purpose", "weights"}, {"bytes", 7}};
  return {{"ledger", {{"budget", 1000}, {"leased", 7}, {"leases", nlohmann::json::array({lease})}}},
          {"device", {{"used", 10 * alive}, {"reserved", 20}, {"others", 0}}},
          {"counts", {{"refused", 2}}}};
}

void SmallEngine::begin_upload(UploadRequest upload, Publish answer, Publish push) {
  const std::lock_guard lock(mutex_);
  uploads_.emplace_back([this, track = std::move(upload.track), source = std::move(upload.source),
                         owner = std::move(upload.owner), answer, push] {
    auto reservation = library_.reserve(track.name);
    if (!reservation)
      return answer(wire::UploadFailed{.error = reservation.error().message, .code = "quota"});
    const auto id = reservation.value().track_id();
    library_.stems().mark(id);
    const auto made =
        library_.publish(std::move(reservation).value(),
                         {.source = source,
                          .content_hash = library::content_hash(source.samples, source.channels),
                          .checkpoint = "small",
                          .bpm = 120,
                          .key = track.key.value_or("A minor"),
                          .time_signature = track.time_signature.value_or("4"),
                          .owner = owner.key()});
    if (!made)
      return answer(wire::UploadFailed{.error = made.error().message, .code = "disk_full"});
    {
      const std::lock_guard inner(mutex_);
      rips_.push_back({made.value(), source, push});
    }
    wire::UploadOk ok{.name = made.value().name, .bpm = 120, .key = *made.value().key};
    ok.time_signature = *made.value().time_signature;
    ok.samples = source.frames;
    ok.duration_s = source.frames / 48000.0;
    ok.stems_pending = true;
    ok.track_id = id;
    ok.request_id = track.request_id;
    answer(ok);
  });
}

void SmallEngine::finish_rips() {
  std::vector<Rip> rips;
  {
    const std::lock_guard lock(mutex_);
    rips = std::move(rips_);
  }
  for (auto& rip : rips) {
    const auto done = library_.add_stems(
        rip.track.id, {.vocals = rip.source, .instruments = rip.source, .checkpoint = "small"});
    library_.stems().resolve(rip.track.id, {});
    if (!done) continue;
    wire::StemAssets stems;
    stems.fixture_name = rip.track.name;
    stems.frames = rip.source.frames;
    stems.audio = {wire::to_halves(rip.source.samples), wire::to_halves(rip.source.samples)};
    rip.push(stems);
  }
}

}  // namespace headroom::server::test
