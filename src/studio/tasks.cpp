#include "studio/tasks.h"

#include <algorithm>

#include "base/error.h"
#include "studio/conditioning.h"
#include "studio/finite.h"
#include "studio/footprint.h"
#include "studio/vae_codec.h"

namespace headroom::studio {
namespace {

using memory::DeviceScope;
using memory::Step;
using memory::StepContext;
using memory::TaskInfo;

at::Tensor to_device(const StepContext& context, const at::Tensor& host, at::ScalarType dtype,
                     std::string_view purpose) {
  return context.device.to_device(host, dtype, purpose);
}

// Context of `margin` on both sides of what a chunk of `size` can do from `done` on.
Chunk next_chunk(std::int64_t done, std::int64_t whole, std::int64_t size, std::int64_t margin) {
  if (done == 0 && whole <= size) return {0, whole, 0, whole};
  const auto end = std::min(whole, done + size - 2 * margin);
  return {std::max<std::int64_t>(0, done - margin), std::min(whole, end + margin), done, end};
}

void add_part(at::Tensor& whole, const at::Tensor& part, std::int64_t dim) {
  whole = whole.defined() ? at::cat({whole, part}, dim) : part;
}

}  // namespace

EncodeTask::EncodeTask(const Networks& networks, TaskInfo info, at::Tensor audio,
                       std::uint64_t seed, Progress& progress, EncodedStart start, End end)
    : networks_(networks),
      info_(std::move(info)),
      audio_(std::move(audio)),
      seed_(seed),
      progress_(progress),
      encoded_(std::move(start)),
      end_(end) {
  const auto& vae = networks.configs().vae;
  if (audio_.dim() != 2 || audio_.size(0) != vae.audio_channels || audio_.size(1) < 1)
    throw Error(ErrorKind::usage, "audio to encode must be [channels, samples] and not empty");
  const auto whole = end_ == End::here ? audio_.size(1) + vae.hop() - 1 : audio_.size(1);
  frames_ = whole / vae.hop();
  if (encoded_.frames > frames_)
    throw Error(ErrorKind::usage, "more of the audio is encoded than there is");
}

std::optional<Step> EncodeTask::next() {
  if (encoded_.frames == frames_) return std::nullopt;
  if (end_ == End::to_come) {
    // A chunk of the size that goes first, and its context, must end before the track can.
    const auto largest = kEncodeChunks[0];
    const bool settled = frames_ > largest && encoded_.frames + largest - kEncodeMargin <= frames_;
    if (!settled) return std::nullopt;
  }
  return encode_step(networks_, frames_);
}

void EncodeTask::run(const StepContext& context) {
  const auto hop = networks_.configs().vae.hop();
  const auto chunk = next_chunk(encoded_.frames, frames_, context.chunk, kEncodeMargin);
  if (encoded_.frames == 0) {
    const auto core = std::max<std::int64_t>(1, chunk.core_end);
    progress_.stage("encode", (frames_ + core - 1) / core);
  }
  const auto end = std::min(chunk.end * hop, audio_.size(1));
  auto part = audio_.narrow(1, chunk.begin * hop, end - chunk.begin * hop).unsqueeze(0);
  if (const auto missing = chunk.end * hop - end; missing > 0)
    part = at::constant_pad_nd(part, {0, missing});
  at::Tensor moments;
  {
    const DeviceScope scope(context.device, "encode");
    const auto placed = to_device(context, part, at::kFloat, "encode");
    moments = context.device.to_host(models::encode_moments(*networks_.vae_encoder, placed));
  }
  moments = moments.to(at::kFloat)
                .narrow(2, chunk.core_begin - chunk.begin, chunk.core_end - chunk.core_begin);
  require_finite(moments, "VAE encoder");
  add_part(encoded_.moments, moments, 2);
  encoded_.frames = chunk.core_end;
  progress_.step();
}

at::Tensor EncodeTask::latents() const { return sample_latents(encoded_.moments, seed_); }

HintsTask::HintsTask(const Networks& networks, TaskInfo info, const at::Tensor& source,
                     const at::Tensor& silence, Progress& progress)
    : networks_(networks), info_(std::move(info)), frames_(source.size(1)), progress_(progress) {
  const auto window = networks.configs().dit.pool_window;
  const auto missing = (window - frames_ % window) % window;
  source_ =
      missing == 0 ? source : at::cat({source, silence_frames(silence, missing).to(source)}, 1);
}

std::optional<Step> HintsTask::next() {
  if (done_ == source_.size(1)) return std::nullopt;
  return hints_step(networks_, source_.size(1));
}

void HintsTask::run(const StepContext& context) {
  const auto window = networks_.configs().dit.pool_window;
  const auto piece = std::max<std::int64_t>(1, context.chunk / window) * window;
  if (done_ == 0) progress_.stage("structure", (source_.size(1) + piece - 1) / piece);
  const auto count = std::min(piece, source_.size(1) - done_);
  const auto& [tokenizer, detokenizer] = *networks_.semantics;
  at::Tensor hints;
  {
    const DeviceScope scope(context.device, "structure");
    const auto part = to_device(context, source_.narrow(1, done_, count), at::kFloat, "structure");
    hints = context.device.to_host(
        models::detokenize(detokenizer, models::tokenize(tokenizer, part).quantized));
  }
  hints = hints.to(at::kFloat);
  require_finite(hints, "semantic tokenizer");
  add_part(hints_, hints, 1);
  done_ += count;
  progress_.step();
}

at::Tensor HintsTask::hints() const { return hints_.narrow(1, 0, frames_); }

ConditionTask::ConditionTask(const Networks& networks, const BpeTokenizer& tokenizer, TaskInfo info,
                             const Prompt& prompt, at::Tensor timbre)
    : networks_(networks), info_(std::move(info)), timbre_(std::move(timbre)) {
  const auto ids = prompt_ids(tokenizer, prompt);
  text_ids_ = ids.text;
  lyric_ids_ = ids.lyrics;
}

std::optional<Step> ConditionTask::next() {
  if (states_.defined()) return std::nullopt;
  if (!text_.defined()) return text_step(networks_, text_ids_.size(1) + lyric_ids_.size(1));
  return condition_step(networks_, {text_ids_.size(1), lyric_ids_.size(1), timbre_.size(1)});
}

void ConditionTask::run(const StepContext& context) {
  if (!text_.defined()) {
    const auto& encoder = *networks_.text_encoder;
    at::Tensor text;
    {
      const DeviceScope scope(context.device, "text");
      text = context.device.to_host(models::encode_text(encoder, text_ids_));
      lyrics_ = context.device.to_host(models::embed_tokens(encoder, lyric_ids_));
    }
    require_finite(text, "text encoder");
    require_finite(lyrics_, "text encoder");
    text_ = text;
    return;
  }
  const auto dtype = dtype_of(networks_.precision());
  const auto place = [&](const at::Tensor& host) {
    return to_device(context, host, dtype, "condition");
  };
  at::Tensor states;
  {
    const DeviceScope scope(context.device, "condition");
    states = context.device.to_host(models::encode_condition(
        *networks_.condition_encoder, place(text_), place(lyrics_), place(timbre_)));
  }
  require_finite(states, "condition encoder");
  states_ = states;
}

DecodeTask::DecodeTask(const Networks& networks, TaskInfo info, at::Tensor latents,
                       std::function<void(const at::Tensor&)> emit, Progress& progress)
    : networks_(networks),
      info_(std::move(info)),
      latents_(std::move(latents)),
      emit_(std::move(emit)),
      progress_(progress) {}

std::optional<Step> DecodeTask::next() {
  if (done_ == latents_.size(1)) return std::nullopt;
  return decode_step(networks_, latents_.size(1));
}

namespace {

// The audio of some latent frames in host memory.
at::Tensor decode_frames(const Networks& networks, const StepContext& context,
                         const at::Tensor& latents, std::string_view purpose) {
  const DeviceScope scope(context.device, purpose);
  const auto placed =
      context.device.to_device(latents.transpose(1, 2), dtype_of(networks.precision()), purpose);
  return context.device.to_host(models::decode(*networks.vae_decoder, placed)[0]);
}

}  // namespace

void DecodeTask::run(const StepContext& context) {
  const auto tile = next_chunk(done_, latents_.size(1), context.chunk, kDecodeOverlap);
  const auto hop = networks_.configs().vae.hop();
  if (done_ == 0) progress_.stage("decode", (latents_.size(1) + tile.core_end - 1) / tile.core_end);
  const auto audio =
      decode_frames(networks_, context, latents_.narrow(1, tile.begin, tile.length()), "decode")
          .to(at::kFloat);
  require_finite(audio, "VAE decoder");
  done_ = tile.core_end;
  emit_(audio.narrow(1, (tile.core_begin - tile.begin) * hop,
                     (tile.core_end - tile.core_begin) * hop));
  progress_.step();
}

WindowTask::WindowTask(const Networks& networks, TaskInfo info, at::Tensor latents, Window window)
    : networks_(networks),
      info_(std::move(info)),
      latents_(std::move(latents)),
      window_(std::move(window)) {}

std::optional<Step> WindowTask::next() {
  if (audio_.defined()) return std::nullopt;
  const auto frames = static_cast<std::int64_t>(window_.frames.size());
  return window_step(networks_, std::max(frames, kWindowFrames));
}

void WindowTask::run(const StepContext& context) {
  const auto hop = networks_.configs().vae.hop();
  const auto part = latents_.index_select(1, at::tensor(window_.frames, at::kLong));
  const auto audio = decode_frames(networks_, context, part, "decode window").to(at::kFloat);
  require_finite(audio, "VAE decoder");
  audio_ = audio.narrow(1, window_.keep_begin * hop, window_.keep_count * hop).contiguous();
}

SeparateTask::SeparateTask(memory::Residency& residency, const Networks& networks, TaskInfo info,
                           memory::SeparatorPolicy policy, const at::Tensor& audio, int rate,
                           StemSink sink, Progress& progress)
    : residency_(residency),
      networks_(networks),
      info_(std::move(info)),
      policy_(policy),
      separation_((networks.require_separator(), *networks.configs().separator), audio, rate,
                  std::move(sink), progress) {}

std::optional<Step> SeparateTask::next() {
  if (separation_.done()) return std::nullopt;
  if (!stay_) return Step{"make way", {}, {{0, 0}}};
  return separate_step(networks_);
}

void SeparateTask::run(const StepContext& context) {
  if (!stay_) {
    stay_.emplace(residency_, policy_, networks_.require_separator(), info_.owner);
    return;
  }
  stay_->loaded();
  const auto chunk = separation_.chunk();
  at::Tensor stems;
  {
    const DeviceScope scope(context.device, "separate");
    const auto placed = to_device(context, chunk, at::kFloat, "separate");
    stems = context.device.to_host(models::separate_chunk(*networks_.separator, placed));
  }
  separation_.take(stems);
  if (separation_.done()) stay_->separated();
}

void SeparateTask::ended(std::exception_ptr error) {
  if (!stay_) return;
  try {
    stay_->end();
  } catch (...) {
    stay_.reset();
    if (error == nullptr) throw;
  }
  stay_.reset();
}

}  // namespace headroom::studio
