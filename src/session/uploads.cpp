#include "session/uploads.h"

#include <future>

#include "base/error.h"
#include "base/log.h"
#include "library/content_hash.h"
#include "session/playback.h"
#include "wire/frames.h"

namespace headroom::session {
namespace {

using library::LibraryRefusal;
using library::StemsOutcome;

std::string code_of(const LibraryRefusal& refusal) {
  switch (refusal.kind) {
    case LibraryRefusal::Kind::quota:
      return "quota";
    case LibraryRefusal::Kind::disk_full:
    case LibraryRefusal::Kind::cannot_write:
      return "disk_full";
    case LibraryRefusal::Kind::gone:
      return "internal";
  }
  return "internal";
}

std::string code_of(const std::exception& error) {
  const auto* ours = dynamic_cast<const Error*>(&error);
  if (ours == nullptr) return "internal";
  if (ours->kind() == ErrorKind::memory) return "memory_refused";
  if (ours->kind() == ErrorKind::input) return "too_short";
  return "internal";
}

wire::UploadFailed failed(const wire::UploadTrack& request, std::string error, std::string code) {
  return {.error = std::move(error), .code = std::move(code), .request_id = request.request_id};
}

// What the library keeps of an upload: two channels, whole pools. Stereo keeps its memory.
wire::Pcm stored(wire::Pcm pcm) {
  if (pcm.channels != 2) return pcm_of(aligned(tensor_of(pcm)));
  pcm.frames = static_cast<std::uint32_t>(aligned_length(pcm.frames));
  pcm.samples.resize(std::size_t{pcm.frames} * pcm.channels);
  return pcm;
}

// Lets those who wait for stems go, whatever happens on the way.
class PendingMark {
 public:
  PendingMark(library::PendingStems& stems, std::string track_id)
      : stems_(stems), track_id_(std::move(track_id)) {
    (void)stems_.mark(track_id_);
  }
  ~PendingMark() {
    if (!kept_)
      stems_.resolve(track_id_, {.end = StemsOutcome::End::failed, .reason = "not begun"});
  }
  PendingMark(const PendingMark&) = delete;
  PendingMark& operator=(const PendingMark&) = delete;
  /// Somebody else resolves it.
  void keep() { kept_ = true; }

 private:
  library::PendingStems& stems_;
  std::string track_id_;
  bool kept_ = false;
};

}  // namespace

void Uploads::end() {
  first_.finish();
  second_.finish();
}

void Uploads::begin(wire::UploadTrack request, wire::Pcm pcm, Tell answer, Tell push,
                    std::unique_ptr<Ahead> ahead) {
  const auto upload =
      std::make_shared<Arrived>(Arrived{std::move(request), std::move(pcm), std::move(ahead)});
  first_.post([this, upload, answer = std::move(answer),
               push = std::move(push)](const std::stop_token& stop) {
    wire::Event event;
    try {
      event = take_in(*upload, push, stop);
    } catch (const std::exception& error) {
      log::warn("upload {}: {}", upload->request.name, error.what());
      event = failed(upload->request, error.what(), code_of(error));
    }
    upload->ahead.reset();
    answer(std::move(event));
  });
}

wire::Event Uploads::answer_for(const library::Track& track,
                                const wire::UploadTrack& request) const {
  return wire::UploadOk{
      .name = track.name,
      .bpm = track.bpm.value_or(0),
      .key = track.key.value_or(""),
      .time_signature = track.time_signature.value_or("4"),
      .duration_s = static_cast<double>(track.samples) / static_cast<double>(kSampleRate),
      .samples = track.samples,
      .stems_pending = stage_.library.stems().pending(track.id),
      .track_id = track.id,
      .request_id = request.request_id};
}

wire::Event Uploads::take_in(Arrived& upload, const Tell& push, const std::stop_token& stop) {
  const auto& request = upload.request;
  const auto source = stored(std::move(upload.pcm));
  const auto hash = library::content_hash(source.samples, source.channels);
  if (!request.key && !request.time_signature) {
    if (const auto known = stage_.library.find_content(hash)) return answer_for(*known, request);
  }
  auto reserved = stage_.library.reserve(request.name, source.samples.size() * sizeof(float));
  if (!reserved) return failed(request, reserved.error().message, code_of(reserved.error()));
  auto reservation = std::move(reserved).value();
  const auto id = reservation.track_id();

  auto writing = std::async(std::launch::async, [&] { return stage_.library.draft(source); });
  auto made = make(upload, tensor_of(source), id, stop);
  auto draft = writing.get();
  if (!draft) return failed(request, draft.error().message, code_of(draft.error()));

  const bool stems = stage_.studio.networks().separator.component != nullptr;
  // Before anybody can see the track, so that nobody separates it a second time (S51).
  std::shared_ptr<PendingMark> mark;
  if (stems) mark = std::make_shared<PendingMark>(stage_.library.stems(), id);
  auto published = stage_.library.publish(std::move(reservation),
                                          {.source = source,
                                           .content_hash = hash,
                                           .checkpoint = stage_.studio.checkpoint(),
                                           .latents = std::move(made.latents),
                                           .bpm = made.heard.bpm,
                                           .key = request.key.value_or(made.heard.key),
                                           .time_signature = request.time_signature.value_or("4"),
                                           .owner = request.client_id.value_or("")},
                                          std::move(draft).value());
  if (!published) return failed(request, published.error().message, code_of(published.error()));
  const auto track = std::move(published).value();
  if (stems) {
    // Held by the work, so that it does not outlive work that is never begun.
    second_.post([this, track, mark, push](const std::stop_token& stopping) {
      mark->keep();
      rip(track, push, stopping);
    });
  }
  return answer_for(track, request);
}

// Latents and analysis, beside each other: one needs the device, the other does not.
Uploads::Made Uploads::make(const Arrived& upload, const at::Tensor& audio,
                            const std::string& track_id, const std::stop_token& stop) {
  const auto owner = upload.ahead ? upload.ahead->owner() : "upload " + track_id;
  auto listening = std::async(std::launch::async, [&] {
    auto heard = analyse(audio);
    stage_.studio.telemetry().record(
        {.what = "analysed", .name = upload.request.name, .owner = owner});
    return heard;
  });
  Made made;
  try {
    auto start = upload.ahead ? upload.ahead->start_of(audio) : studio::EncodedStart{};
    made.latents = Preparer(stage_, owner)
                       .encode(audio, stop, memory::Priority::interactive, std::move(start));
  } catch (...) {
    listening.wait();
    leave_device(owner);
    throw;
  }
  leave_device(owner);
  made.heard = listening.get();
  return made;
}

void Uploads::leave_device(const std::string& owner) {
  stage_.studio.executor().between_steps([&](memory::Residency& r) { r.retire(owner); });
}

void Uploads::rip(const library::Track& track, const Tell& push, const std::stop_token& stop) {
  const auto owner = "upload " + track.id;
  const auto background = memory::Priority::background;
  const Preparer preparer(stage_, owner);
  auto& pending = stage_.library.stems();
  try {
    const auto audio = aligned(tensor_of(stage_.library.read_source(track)));
    const auto stems = preparer.separate(audio, stop, background);
    const auto vocals = pcm_of(stems.vocals);
    const auto instruments = pcm_of(stems.instruments);
    auto kept = stage_.library.add_stems(
        track.id, {.vocals = vocals,
                   .instruments = instruments,
                   .checkpoint = stage_.studio.checkpoint(),
                   .vocals_latents = preparer.encode(stems.vocals, stop, background),
                   .instruments_latents = preparer.encode(stems.instruments, stop, background)});
    leave_device(owner);
    if (kept) {
      pending.resolve(track.id, {.end = StemsOutcome::End::ready});
      push(wire::StemAssets{
          .fixture_name = track.name,
          .frames = vocals.frames,
          .source_mode = {},
          .audio = {wire::to_halves(vocals.samples), wire::to_halves(instruments.samples)}});
      return;
    }
    const auto& refusal = kept.error();
    if (refusal.kind == LibraryRefusal::Kind::gone) {
      log::info("stems of {} are discarded: the track was wiped", track.name);
      return pending.resolve(track.id, {.end = StemsOutcome::End::gone});
    }
    throw Error(ErrorKind::output, refusal.message);
  } catch (const std::exception& error) {
    leave_device(owner);
    pending.resolve(track.id, {.end = StemsOutcome::End::failed, .reason = error.what()});
    if (stop.stop_requested()) return;
    log::warn("stems of {}: {}", track.name, error.what());
    push(wire::StemFailed{.fixture_name = track.name, .error = error.what()});
  }
}

}  // namespace headroom::session
