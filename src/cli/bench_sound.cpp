#include <cmath>
#include <numbers>

#include <ATen/ATen.h>

#include "audio/load.h"
#include "cli/bench.h"
#include "wire/constants.gen.h"

namespace headroom::cli {
namespace {

wire::Pcm pcm_of(const at::Tensor& audio) {  // [frames, 2]
  const auto flat = audio.contiguous();
  const auto* const data = flat.data_ptr<float>();
  wire::Pcm pcm;
  pcm.frames = static_cast<std::uint32_t>(flat.size(0));
  pcm.samples.assign(data, data + flat.numel());
  return pcm;
}

}  // namespace

wire::Pcm bench_file(const std::string& path) {
  LoadSettings settings;
  settings.channels = wire::kChannels;
  settings.longest_seconds = 240.0;  // the largest message of the wire
  return pcm_of(load_audio(path, static_cast<int>(wire::kSampleRate), settings).t());
}

wire::Pcm bench_sound(double seconds, int number) {
  constexpr auto rate = static_cast<double>(wire::kSampleRate);
  const double lowest = 110.0 + number;  // Hz
  wire::Pcm pcm;
  pcm.frames = static_cast<std::uint32_t>(seconds * rate);
  pcm.samples.reserve(std::size_t{pcm.frames} * 2);
  for (std::uint32_t i = 0; i < pcm.frames; ++i) {
    const double at = i / rate;
    const double beat = std::exp(-12.0 * std::fmod(at, 0.5));
    const double root = lowest * std::pow(2.0, std::floor(at / 2.0) / 12.0);
    const auto tone = [&](double ratio) {
      return std::sin(2.0 * std::numbers::pi * root * ratio * at);
    };
    const double chord = 0.12 * (tone(1.0) + tone(1.25) + tone(1.5));
    const double drum = 0.4 * beat * std::sin(2.0 * std::numbers::pi * 60.0 * at);
    pcm.samples.push_back(static_cast<float>(chord + drum));
    pcm.samples.push_back(static_cast<float>(0.8 * chord + drum));
  }
  return pcm;
}

}  // namespace headroom::cli
