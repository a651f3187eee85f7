#include "session/preparer.h"

#include <future>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "library/content_hash.h"
#include "session/playback.h"

namespace headroom::session {
namespace {

constexpr std::chrono::milliseconds kPoll{100};

std::string hash_of(const at::Tensor& audio) {
  return library::content_hash(interleaved(audio), static_cast<std::uint32_t>(audio.size(0)));
}

}  // namespace

at::Tensor tensor_of(const wire::Pcm& pcm) { return deinterleaved(pcm.samples, pcm.channels); }

wire::Pcm pcm_of(const at::Tensor& audio) {
  return {.channels = static_cast<std::uint32_t>(audio.size(0)),
          .frames = static_cast<std::uint32_t>(audio.size(1)),
          .samples = interleaved(audio)};
}

library::Track Preparer::find(const std::string& name) const {
  auto track = stage_.library.find(name);
  if (!track) {
    throw Error(ErrorKind::input,
                fmt::format("server source load failed: there is no track '{}'", printable(name)));
  }
  return *std::move(track);
}

library::Latents Preparer::encode(const at::Tensor& audio, const std::stop_token& stop,
                                  memory::Priority priority, studio::EncodedStart start) const {
  auto& studio = stage_.studio;
  StopAtChunk progress(stop);
  const memory::TaskInfo info{
      .name = "encode", .owner = owner_, .priority = priority, .deadline = {}};
  studio::EncodeTask encode(studio.networks(), info, audio, kPosteriorSeed, progress,
                            std::move(start));
  studio.executor().run(encode);
  auto latents = encode.latents();
  studio::HintsTask hints(studio.networks(), info, latents, studio.silence(), progress);
  studio.executor().run(hints);
  return {.latent = latents, .context_latent = hints.hints()};
}

Stems Preparer::separate(const at::Tensor& audio, const std::stop_token& stop,
                         memory::Priority priority) const {
  auto& studio = stage_.studio;
  StopAtChunk progress(stop);
  std::vector<at::Tensor> blocks;
  studio::SeparateTask task(
      studio.residency(), studio.networks(),
      {.name = "rip", .owner = owner_, .priority = priority, .deadline = {}},
      studio.settings().separator, audio, static_cast<int>(kSampleRate),
      [&](const at::Tensor& block) { blocks.push_back(block.clone()); }, progress);
  studio.executor().run(task);
  const auto stems = at::cat(blocks, 2);
  return {.vocals = stems[0].contiguous(), .instruments = stems[1].contiguous()};
}

// True when the rip that was under way has ended well.
bool Preparer::wait_for_rip(const library::Track& track, const std::stop_token& stop) const {
  // Shared: the call may be under way when this returns.
  const auto promise = std::make_shared<std::promise<library::StemsOutcome>>();
  auto outcome = promise->get_future();
  const auto wait = stage_.library.stems().wait(
      track.id, [promise](const library::StemsOutcome& ended) { promise->set_value(ended); });
  if (!wait) return false;
  const auto deadline = std::chrono::steady_clock::now() + stage_.settings.stem_wait;
  while (outcome.wait_for(kPoll) != std::future_status::ready) {
    if (stop.stop_requested())
      throw Error(ErrorKind::canceled, "session stopping; aborted wait for background stems");
    if (std::chrono::steady_clock::now() > deadline) {
      throw Error(ErrorKind::memory, "timed out waiting for the in-flight background stem rip");
    }
  }
  return outcome.get().end == library::StemsOutcome::End::ready;
}

std::optional<Stems> Preparer::stems_of(const std::optional<library::Track>& track,
                                        const at::Tensor& audio, bool played,
                                        const std::stop_token& stop) const {
  const auto known = [&]() -> std::optional<Stems> {
    // As it is now: they may have come since the track was found.
    const auto now = track ? stage_.library.find_id(track->id) : std::nullopt;
    auto stems = now ? stage_.library.read_stems(*now) : std::nullopt;
    if (!stems) return std::nullopt;
    return Stems{aligned(tensor_of(stems->vocals)), aligned(tensor_of(stems->instruments))};
  };
  if (auto stems = known()) return stems;
  if (track && stage_.library.stems().pending(track->id)) {
    if (!played) return std::nullopt;  // they will be sent when they are there (S52)
    if (wait_for_rip(*track, stop)) {
      if (auto stems = known()) return stems;
    }
  } else if (auto stems = known()) {  // they came between the two questions
    return stems;
  }
  auto stems = separate(audio, stop);
  if (track) {
    const auto kept =
        stage_.library.add_stems(track->id, {.vocals = pcm_of(stems.vocals),
                                             .instruments = pcm_of(stems.instruments),
                                             .checkpoint = stage_.studio.checkpoint()});
    if (!kept) log::warn("stems of {} are not kept: {}", track->name, kept.error().message);
  }
  return stems;
}

library::Latents Preparer::latents_of(const std::optional<library::Track>& track,
                                      wire::StemMode mode, const at::Tensor& audio,
                                      const std::stop_token& stop) const {
  if (!track) return encode(audio, stop);
  const auto hash = hash_of(audio);
  const auto& checkpoint = stage_.studio.checkpoint();
  auto known = stage_.library.read_latents(*track, mode, checkpoint, hash, audio.size(1));
  if (known) return *std::move(known);
  auto latents = encode(audio, stop);
  stage_.library.keep_latents(*track, mode, latents, checkpoint, hash);
  return latents;
}

Source Preparer::prepare(Order order, const std::stop_token& stop) const {
  using wire::StemMode;
  std::optional<library::Track> track;
  at::Tensor whole;
  if (order.pcm) {
    whole = aligned(tensor_of(*order.pcm), order.crop);
    track = stage_.library.find_content(hash_of(whole));
  } else {
    track = find(order.name.value_or(""));
    whole = aligned(tensor_of(stage_.library.read_source(*track)), order.crop);
  }
  // A part of a track is not the track: nothing of it is kept under its name.
  if (track && track->samples != 0 && whole.size(1) != track->samples) track.reset();

  // Who says nothing of stems gets them, except for the server's own tracks.
  if (!order.mode && stage_.studio.networks().separator.component != nullptr) {
    const auto named = stage_.library.find(order.name.value_or(""));
    if (!named || named->shelf != library::Shelf::fixture) order.mode = StemMode::full;
  }
  Source source;
  source.name = order.name.value_or("");
  source.mode = order.mode.value_or(StemMode::full);
  source.mode_given = order.mode.has_value();
  if (track) source.track_id = track->id;
  const bool listen = !track || !track->bpm || !track->key;
  if (listen) source.analysis = analyse(whole);
  auto& analysis = source.analysis;
  if (order.key) analysis.key = *order.key;
  if (order.time_signature) analysis.time_signature = *order.time_signature;
  if (track) {
    analysis.bpm = track->bpm.value_or(analysis.bpm);
    analysis.key = track->key.value_or(analysis.key);
    analysis.time_signature = track->time_signature.value_or(analysis.time_signature);
  }

  const bool played = source.mode != StemMode::full;
  source.audio = whole;
  if (source.mode_given) {
    try {
      source.stems = stems_of(track, whole, played, stop);
      if (played) source.audio = source.stems->of(source.mode);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::canceled) throw;
      if (played)
        throw Error(error.kind(), fmt::format("Stem extraction failed: {}", error.what()));
      source.stems_error = error.what();
    }
  }
  const auto latents = latents_of(track, source.mode, source.audio, stop);
  source.latents = latents.latent;
  source.hints = latents.context_latent;
  return source;
}

}  // namespace headroom::session
