#include "memory/trace_picture.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "memory/ledger.h"

namespace headroom::memory {
namespace {

constexpr double kWidth = 1000.0;
constexpr double kHeight = 320.0;
constexpr double kLeft = 70.0;
constexpr double kTop = 40.0;

struct Layer {
  std::string_view purpose;
  std::string_view colour;
};
constexpr std::array<Layer, 4> kLayers{{{"context", "#9aa5b1"},
                                        {"weights", "#4c78a8"},
                                        {"latents", "#54a24b"},
                                        {"workspace", "#f2a541"}}};

// Leased bytes by purpose after an event.
struct Sample {
  double seconds = 0.0;
  std::array<std::uint64_t, kLayers.size()> bytes{};
};

size_t layer_of(const std::string& purpose) {
  for (size_t i = 0; i < kLayers.size(); ++i) {
    if (kLayers[i].purpose == purpose) return i;
  }
  return kLayers.size();
}

std::vector<Sample> lease_samples(std::span<const MemoryEvent> events) {
  std::map<std::pair<std::string, std::string>, std::uint64_t> sizes;
  std::vector<Sample> samples;
  Sample now;
  for (const auto& event : events) {
    const auto layer = layer_of(event.purpose);
    const bool lease =
        event.what == "granted" || event.what == "returned" || event.what == "resized";
    if (!lease || layer == kLayers.size()) continue;
    auto& size = sizes[{event.name, event.owner}];
    auto& sum = now.bytes[layer];
    const auto before = event.what == "granted"    ? 0
                        : event.what == "returned" ? std::min(sum, event.bytes)
                                                   : std::min(sum, size);
    const auto after = event.what == "returned" ? 0 : event.bytes;
    sum = sum - before + after;
    size = event.what == "granted" ? size + after : after;
    now.seconds = event.seconds;
    samples.push_back(now);
  }
  return samples;
}

struct Scale {
  double seconds = 1.0;
  double bytes = 1.0;
  double x(double at) const { return kLeft + at / seconds * kWidth; }
  double y(double value) const { return kTop + kHeight - value / bytes * kHeight; }
};

Scale scale_of(std::span<const MemoryEvent> events) {
  Scale scale;
  for (const auto& event : events) {
    scale.seconds = std::max(scale.seconds, event.seconds);
    scale.bytes =
        std::max({scale.bytes, static_cast<double>(event.budget),
                  static_cast<double>(event.reserved), static_cast<double>(event.leased)});
  }
  scale.bytes *= 1.05;
  return scale;
}

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '&':
        safe += "&amp;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

// The area between the sums of the layers below `layer` and that with it.
std::string area(std::span<const Sample> samples, size_t layer, const Scale& scale) {
  const auto height = [&](const Sample& sample, size_t layers) {
    std::uint64_t sum = 0;
    for (size_t i = 0; i < layers; ++i) sum += sample.bytes[i];
    return scale.y(static_cast<double>(sum));
  };
  std::string path;
  const auto walk = [&](size_t layers, bool back) {
    std::vector<std::pair<double, double>> points;
    for (size_t i = 0; i < samples.size(); ++i) {
      const auto end = i + 1 < samples.size() ? samples[i + 1].seconds : scale.seconds;
      points.emplace_back(scale.x(samples[i].seconds), height(samples[i], layers));
      points.emplace_back(scale.x(end), height(samples[i], layers));
    }
    if (back) std::reverse(points.begin(), points.end());
    for (const auto& [x, y] : points) path += fmt::format("{:.1f},{:.1f} ", x, y);
  };
  walk(layer + 1, false);
  walk(layer, true);
  return fmt::format("<polygon points=\"{}\" fill=\"{}\"><title>{}</title></polygon>\n", path,
                     kLayers[layer].colour, kLayers[layer].purpose);
}

std::string line(std::span<const MemoryEvent> events, std::uint64_t MemoryEvent::*value,
                 const Scale& scale, std::string_view style) {
  std::string points;
  double last = scale.y(0);
  for (const auto& event : events) {
    const auto y = scale.y(static_cast<double>(event.*value));
    points += fmt::format("{0:.1f},{1:.1f} {0:.1f},{2:.1f} ", scale.x(event.seconds), last, y);
    last = y;
  }
  return fmt::format("<polyline points=\"{}\" fill=\"none\" {}/>\n", points, style);
}

std::string marks(std::span<const MemoryEvent> events, const Scale& scale) {
  const std::map<std::string_view, std::string_view> colours{{"stems_vram", "#b279a2"},
                                                             {"refused", "#e45756"},
                                                             {"oom", "#e45756"},
                                                             {"defect", "#e45756"},
                                                             {"budget", "#333333"}};
  std::string all;
  for (const auto& event : events) {
    const auto found = colours.find(event.what);
    if (found == colours.end()) continue;
    const auto text = fmt::format("{:.2f} s: {} {} {} {}", event.seconds, event.what, event.name,
                                  event.purpose, human_bytes(event.bytes));
    all += fmt::format(
        "<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\" stroke=\"{3}\" "
        "stroke-dasharray=\"2 3\" stroke-width=\"2\"><title>{4}</title></line>\n",
        scale.x(event.seconds), kTop, kTop + kHeight, found->second, escaped(text));
  }
  return all;
}

std::string legend() {
  std::string all;
  double x = kLeft;
  const auto entry = [&](std::string_view colour, std::string_view name) {
    all += fmt::format(
        "<rect x=\"{}\" y=\"14\" width=\"12\" height=\"12\" fill=\"{}\"/>"
        "<text x=\"{}\" y=\"24\">{}</text>\n",
        x, colour, x + 16, name);
    x += 110;
  };
  for (const auto& layer : kLayers) entry(layer.colour, layer.purpose);
  entry("#222222", "reserved");
  entry("#e45756", "budget, refusals");
  return all;
}

std::string axes(const Scale& scale) {
  std::string all = fmt::format(
      "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#888\"/>\n", kLeft,
      kTop, kWidth, kHeight);
  constexpr int kTicks = 4;
  for (int i = 0; i <= kTicks; ++i) {
    const double part = static_cast<double>(i) / kTicks;
    all += fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n", kLeft - 6,
                       scale.y(scale.bytes * part) + 4,
                       human_bytes(static_cast<std::uint64_t>(scale.bytes * part)));
    all += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{:.1f} s</text>\n",
                       scale.x(scale.seconds * part), kTop + kHeight + 18, scale.seconds * part);
  }
  return all;
}

}  // namespace

std::string draw_trace(std::span<const MemoryEvent> events) {
  const auto scale = scale_of(events);
  const auto samples = lease_samples(events);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} "
      "{1}\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" "
      "fill=\"#ffffff\"/>\n",
      kLeft + kWidth + 20, kTop + kHeight + 30);
  for (size_t i = 0; i < kLayers.size(); ++i) svg += area(samples, i, scale);
  svg += line(events, &MemoryEvent::reserved, scale, "stroke=\"#222222\" stroke-width=\"1.5\"");
  svg += line(events, &MemoryEvent::budget, scale,
              "stroke=\"#e45756\" stroke-width=\"2\" stroke-dasharray=\"8 4\"");
  svg += marks(events, scale) + axes(scale) + legend();
  return svg + "</svg>\n";
}

std::vector<MemoryEvent> load_trace(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw Error(ErrorKind::input, fmt::format("{}: cannot be read", printable(path)));
  std::vector<MemoryEvent> events;
  std::string text;
  for (int number = 1; std::getline(file, text); ++number) {
    if (text.empty()) continue;
    try {
      events.push_back(event_from_json(nlohmann::json::parse(text)));
    } catch (const std::exception& error) {
      throw Error(ErrorKind::input,
                  fmt::format("{}:{}: {}", printable(path), number, printable(error.what(), 300)));
    }
  }
  return events;
}

}  // namespace headroom::memory
