// A whole cover: prompt and audio to latents and audio, in every way of generating it.
#include <fmt/format.h>

#include "diffusion/generate.h"
#include "diffusion/schedule.h"
#include "models/bpe_tokenizer.h"
#include "models/condition_encoder.h"
#include "models/dit.h"
#include "models/oobleck.h"
#include "models/semantic_tokenizer.h"
#include "models/text_encoder.h"
#include "studio/prompt.h"
#include "studio/vae_codec.h"
#include "verify/families.h"

namespace headroom::verify {
namespace {

// The silence latent stands in for a timbre reference with at most this many frames.
constexpr std::int64_t kSilenceReference = 750;

// What the request says.
struct Job {
  studio::Prompt prompt;
  std::int64_t steps;
  double shift;
  double partial;
  double guidance;
};

Job read_job(const Golden& golden) {
  const auto json = golden.metadata("job");
  const auto& label = golden.label();
  Job job{.prompt = {},
          .steps = field<std::int64_t>(json, "steps", label),
          .shift = field<double>(json, "shift", label),
          .partial = field<double>(json, "denoise_b", label),
          .guidance = field<double>(json, "guidance", label)};
  job.prompt.caption = field<std::string>(json, "tags", label);
  job.prompt.lyrics = field<std::string>(json, "lyrics", label);
  job.prompt.language = field<std::string>(json, "language", label);
  job.prompt.bpm = field<int>(json, "bpm", label);
  job.prompt.key = field<std::string>(json, "key", label);
  job.prompt.duration = field<double>(json, "duration", label);
  const auto signature = field<nlohmann::json>(json, "time_signature", label);
  job.prompt.time_signature = signature.is_string()
                                  ? std::atoi(signature.get_ref<const std::string&>().c_str())
                                  : field<int>(json, "time_signature", label);
  return job;
}

at::Tensor row_of(const std::vector<std::int64_t>& ids) {
  return at::tensor(ids, at::kLong).unsqueeze(0);
}

// Conditions, context and source of the cover, and the network that makes it.
class Cover {
 public:
  Cover(Golden& golden, Results& results)
      : golden_(golden),
        results_(results),
        job_(read_job(golden)),
        config_(models::parse_acestep_config(part("dit"), golden.label())),
        weights_(Weights(golden) / "acestep"),
        dit_(models::bind_dit(weights_, config_)) {}

  void run() {
    encode_prompt();
    encode_source();
    encode_conditions();
    generate_latents();
    decode_audio();
  }

 private:
  nlohmann::json part(const char* name) const {
    return field<nlohmann::json>(golden_.config(), name, golden_.label());
  }

  void check_text(const char* key, const std::string& found) {
    const auto stored = golden_.metadata(key);
    if (!stored.is_string()) return;
    results_.fact(key, stored.get_ref<const std::string&>() == found,
                  stored.get_ref<const std::string&>() == found ? "the same text" : "another text");
  }

  void encode_prompt() {
    const auto text = studio::text_prompt(job_.prompt);
    const auto lyrics = studio::lyric_prompt(job_.prompt);
    check_text("text_prompt", text);
    check_text("lyric_prompt", lyrics);
    auto name = golden_.metadata("tokenizer");
    auto file = name.is_string() ? name.get<std::string>() : std::string("bpe_tokenizer.json");
    file = file.substr(0, file.find(' '));
    const auto beside = golden_.path().parent_path() / std::filesystem::path(file).filename();
    if (!std::filesystem::is_regular_file(beside)) {
      throw Error(ErrorKind::input, fmt::format("{}: its tokenizer {} is not beside it",
                                                golden_.label(), printable(file)));
    }
    const auto tokenizer = BpeTokenizer::load(beside);
    const auto text_ids = row_of(tokenizer.encode(text));
    const auto lyric_ids = row_of(tokenizer.encode(lyrics));
    const auto encoder = models::bind_text_encoder(
        Weights(golden_) / "text_encoder",
        models::parse_qwen3_config(part("text_encoder"), golden_.label()));
    text_ = models::encode_text(encoder, text_ids);
    lyrics_ = models::embed_tokens(encoder, lyric_ids);
    results_.add("mid.text_ids", text_ids);
    results_.add("mid.lyric_ids", lyric_ids);
    results_.add("mid.text_hidden_states", text_);
    results_.add("mid.lyric_embeds", lyrics_);
  }

  void encode_source() {
    const auto vae = models::parse_oobleck_config(part("vae"), golden_.label());
    const auto encoder = models::bind_oobleck_encoder(Weights(golden_) / "vae", vae);
    auto audio = golden_.tensor("in.audio");
    if (audio.dim() == 2) audio = audio.unsqueeze(0);
    const auto [mean, deviation] =
        models::posterior(studio::encode_audio(encoder, audio, studio::default_encode_limits(vae)));
    source_ = (mean + deviation * golden_.tensor("in.vae_eps")).transpose(1, 2).contiguous();

    const auto shape = golden_.shape_of("acestep.silence_latent");
    silence_ = golden_.get("acestep.silence_latent", shape).transpose(1, 2).contiguous();
    const auto padded = models::pad_to_tokens(source_, silence_, config_.pool_window);
    const auto tokens =
        models::tokenize(models::bind_semantic_tokenizer(weights_, config_), padded);
    hints_ =
        models::detokenize(models::bind_semantic_detokenizer(weights_, config_), tokens.quantized)
            .narrow(1, 0, source_.size(1));
    context_ = at::cat({hints_, at::ones_like(hints_)}, 2);
    results_.add("mid.source_latent", source_);
    results_.add("mid.semantic_indices", tokens.indices.unsqueeze(-1));
    results_.add("mid.context_latent", hints_);
  }

  void encode_conditions() {
    const auto encoder = models::bind_condition_encoder(weights_, config_);
    const auto silence = silence_.narrow(1, 0, std::min(kSilenceReference, silence_.size(1)));
    condition_ = models::encode_condition(encoder, text_, lyrics_, source_);
    condition_silence_ = models::encode_condition(encoder, text_, lyrics_, silence);
    results_.add("mid.encoder_hidden_states", condition_);
    results_.add("mid.encoder_hidden_states_silence_timbre", condition_silence_);
  }

  diffusion::VelocityField field_of(const at::Tensor& states) const {
    const auto condition = models::prepare_condition(dit_, states);
    return [this, condition](const at::Tensor& x, double t) {
      return models::velocity(dit_, x, context_, at::full({1}, t, at::kFloat), condition);
    };
  }

  void generate_latents() {
    const auto full = diffusion::timesteps(job_.steps, job_.shift, 1.0);
    const auto tail = diffusion::timesteps(job_.steps, job_.shift, job_.partial);
    results_.add("out.schedule_a", at::tensor(full, at::kDouble));
    results_.add("out.schedule_b", at::tensor(tail, at::kDouble));

    diffusion::Generation plain;
    plain.times = full;
    plain.noise = golden_.tensor("in.noise");
    plain.source = source_;
    auto partial = plain;
    partial.times = tail;
    partial.denoise = job_.partial;
    const auto velocity = field_of(condition_);
    const auto add = [&](const char* name, const diffusion::Generation& generation,
                         const diffusion::VelocityField& field) {
      if (golden_.has(name)) results_.add(name, diffusion::generate(generation, field));
    };
    latents_ = diffusion::generate(plain, velocity);
    results_.add("out.latents", latents_);
    add("out.ring_slot0", plain, velocity);
    add("out.ring_slot1", partial, velocity);
    add("out.ring_slot2", plain, field_of(condition_silence_));

    auto corrected = plain;
    corrected.dcw = diffusion::DcwSettings{};
    add("out.latents_dcw", corrected, velocity);
    partial.dcw = diffusion::DcwSettings{};
    add("out.latents_partial_dcw", partial, velocity);

    auto guided = plain;
    guided.guidance = job_.guidance;
    const auto null = weights_("null_condition_emb", {1, 1, config_.encoder.hidden});
    guided.unconditional = field_of(null.expand_as(condition_));
    add("out.latents_cfg", guided, velocity);

    auto noisy = plain;
    noisy.method = diffusion::Method::sde;
    noisy.fresh_noise = [&](std::int64_t k) { return golden_.tensor("in.sde_noise")[k]; };
    add("out.latents_sde", noisy, velocity);
  }

  void decode_audio() {
    const auto decoder = models::bind_oobleck_decoder(
        Weights(golden_) / "vae", models::parse_oobleck_config(part("vae"), golden_.label()));
    std::vector<at::Tensor> blocks;
    studio::decode_latents(decoder, latents_, studio::kDecodeFrames, studio::kDecodeOverlap,
                           [&](const at::Tensor& block) { blocks.push_back(block); });
    results_.add("out.audio", at::cat(blocks, 1).unsqueeze(0));
  }

  Golden& golden_;
  Results& results_;
  Job job_;
  models::AceStepConfig config_;
  Weights weights_;
  models::Dit dit_;
  at::Tensor text_, lyrics_;                  // states of the two prompts
  at::Tensor source_, silence_, hints_;       // latents [1, T, C]
  at::Tensor context_;                        // hints ++ ones
  at::Tensor condition_, condition_silence_;  // by timbre reference
  at::Tensor latents_;                        // what the plain generation gave
};

}  // namespace

void verify_e2e_generate(Golden& golden, Results& results) { Cover(golden, results).run(); }

}  // namespace headroom::verify
