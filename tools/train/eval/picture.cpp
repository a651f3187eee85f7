#include "train/eval/picture.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "audio/channels.h"
#include "audio/resample.h"
#include "audio/stft.h"
#include "train/eval/cover_maker.h"
#include "train/eval/png.h"
#include "train/eval/vocals.h"
#include "train/synth/render.h"

namespace headroom::train {
namespace {

constexpr int kRate = 48000;
constexpr std::int64_t kWindow = 4096;
constexpr std::int64_t kWidth = 420;  // pixels of a panel
constexpr std::int64_t kHeight = 144;
constexpr double kLowest = 40.0;  // Hz
constexpr double kHighest = 20000.0;
constexpr double kRange = 80.0;  // dB
constexpr int kShades = 64;
constexpr int kTitle = 20;  // pixels above a panel
constexpr int kMargin = 34;

// Points of a scale of colours that grows steadily lighter.
constexpr std::array<std::array<double, 3>, 5> kScale{
    {{8, 8, 24}, {66, 18, 110}, {176, 48, 96}, {243, 135, 47}, {252, 250, 190}}};

std::vector<Colour> shades() {
  std::vector<Colour> all;
  for (int i = 0; i < kShades; ++i) {
    const double at = static_cast<double>(i) / (kShades - 1) * (kScale.size() - 1);
    const auto from = std::min(static_cast<size_t>(at), kScale.size() - 2);
    const double part = at - static_cast<double>(from);
    Colour colour{};
    for (size_t k = 0; k < 3; ++k)
      colour[k] = static_cast<std::uint8_t>(
          std::lround(kScale[from][k] + part * (kScale[from + 1][k] - kScale[from][k])));
    all.push_back(colour);
  }
  return all;
}

double hertz_of(std::int64_t row) {
  const double up = 1.0 - (static_cast<double>(row) + 0.5) / kHeight;
  return kLowest * std::pow(kHighest / kLowest, up);
}

// dB of [kHeight, kWidth]: the loudest bin of each pixel's band, interpolated where bins are wide.
at::Tensor decibels(const at::Tensor& audio) {
  const auto hop = std::max<std::int64_t>(1, audio.size(1) / kWidth);
  const auto mono = to_mono(audio).contiguous().unsqueeze(0);
  const auto spectrum = stft(mono, {.n_fft = kWindow, .hop = hop})[0];
  const auto power = spectrum.abs().square().narrow(0, 0, kWidth);  // [kWidth, bins]
  std::vector<at::Tensor> rows;
  const double half_row = std::pow(kHighest / kLowest, 0.5 / kHeight);
  for (std::int64_t row = 0; row < kHeight; ++row) {
    const auto bin = [](double hz) { return hz * kWindow / kRate; };
    const double low = bin(hertz_of(row) / half_row);
    const double high = bin(hertz_of(row) * half_row);
    if (high - low > 1.0) {
      const auto first = static_cast<std::int64_t>(std::ceil(low));
      const auto count = std::max<std::int64_t>(1, static_cast<std::int64_t>(high) - first + 1);
      rows.push_back(power.narrow(1, first, count).amax(1));
      continue;
    }
    const double middle = bin(hertz_of(row));
    const auto below = static_cast<std::int64_t>(middle);
    const double part = middle - static_cast<double>(below);
    rows.push_back(power.select(1, below) * (1.0 - part) + power.select(1, below + 1) * part);
  }
  return 10.0 * (at::stack(rows) + 1e-12).log10();
}

IndexedPicture picture_of(const at::Tensor& levels, double loudest) {
  const auto shade = ((levels - (loudest - kRange)) * ((kShades - 1) / kRange))
                         .round()
                         .clamp(0, kShades - 1)
                         .to(at::kByte)
                         .contiguous();
  const auto* pixels = shade.data_ptr<std::uint8_t>();
  return {static_cast<std::uint32_t>(kWidth),
          static_cast<std::uint32_t>(kHeight),
          {pixels, pixels + shade.numel()},
          shades()};
}

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text)
    result += c == '<' ? "&lt;" : c == '&' ? "&amp;" : c == '>' ? "&gt;" : std::string(1, c);
  return result;
}

std::string panel_svg(const Panel& panel, const at::Tensor& levels, double loudest, int x, int y) {
  std::string svg = fmt::format("<text x=\"{}\" y=\"{}\" class=\"title\">{}</text>\n", x, y - 6,
                                escaped(panel.title));
  svg += fmt::format(
      "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" "
      "href=\"data:image/png;base64,{}\"/>\n",
      x, y, kWidth, kHeight, base64_of(png_of(picture_of(levels, loudest))));
  for (const auto& [hz, name] : {std::pair(100.0, "100"), {1000.0, "1 k"}, {10000.0, "10 k"}}) {
    const double up = std::log(hz / kLowest) / std::log(kHighest / kLowest);
    svg += fmt::format("<text x=\"{}\" y=\"{:.1f}\" class=\"hz\">{}</text>\n", x - 4,
                       y + kHeight * (1.0 - up) + 3.0, name);
  }
  return svg;
}

at::Tensor at_model_rate(const at::Tensor& audio, int from, int to, std::int64_t samples) {
  const auto made = sinc_resample(audio.contiguous(), from, to);
  const auto missing = std::max<std::int64_t>(0, samples - made.size(1));
  return at::constant_pad_nd(made, {0, missing}).narrow(1, 0, samples);
}

}  // namespace

std::string draw_panels(const std::vector<Panel>& panels) {
  std::vector<at::Tensor> levels;
  double loudest = -1e9;
  for (const auto& panel : panels) {
    levels.push_back(decibels(panel.audio));
    loudest = std::max(loudest, levels.back().max().item<double>());
  }
  const auto rows = static_cast<int>((panels.size() + 1) / 2);
  const int across = kMargin + static_cast<int>(kWidth);
  const int down = kTitle + static_cast<int>(kHeight) + 8;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
      "height=\"{1}\">\n<style>text{{font-family:sans-serif;fill:#444}}.title{{font-size:13px}}"
      ".hz{{font-size:9px;text-anchor:end}}</style>\n<rect width=\"100%\" height=\"100%\" "
      "fill=\"#fff\"/>\n",
      2 * across + 10, rows * down + 4);
  for (size_t i = 0; i < panels.size(); ++i) {
    const int x = kMargin + static_cast<int>(i % 2) * across;
    const int y = kTitle + static_cast<int>(i / 2) * down;
    svg += panel_svg(panels[i], levels[i], loudest, x, y);
  }
  return svg + "</svg>\n";
}

std::string draw_song(const studio::ModelFolder& model, const PictureSettings& settings) {
  const at::NoGradGuard no_grad;
  const auto source = full_mix(settings.song, settings.seconds);
  const auto samples = source.audio.size(1);
  CoverMaker maker(model, settings.steps);
  std::vector<Panel> panels{{"source", source.audio},
                            {"round trip through the VAE", maker.round_trip(source.audio)}};
  const auto cover = [&](const std::string& caption, double strength) {
    panels.push_back({fmt::format("“{}”, strength {}", caption, strength),
                      maker.cover(source, caption, strength, settings.song)});
  };
  cover("drums only", 0.5);
  cover("soft pads", 0.5);
  cover("drums only", 1.0);
  cover("soft pads", 1.0);
  const auto roformer = model.load_separator();
  const auto rate = roformer.config.sample_rate;
  const auto vocals = at_model_rate(vocals_of(roformer, sinc_resample(source.audio, kRate, rate)),
                                    rate, kRate, samples);
  panels.push_back({"vocals as sung", full_mix_vocals(settings.song, settings.seconds)});
  panels.push_back({"vocals as separated", vocals});
  return draw_panels(panels);
}

}  // namespace headroom::train
