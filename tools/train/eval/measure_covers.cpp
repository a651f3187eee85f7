#include <array>
#include <map>
#include <string>
#include <vector>

#include "audio/key.h"
#include "base/json.h"
#include "train/eval/agreement.h"
#include "train/eval/cover_maker.h"
#include "train/eval/descriptors.h"
#include "train/eval/measure.h"
#include "train/learn/losses.h"
#include "train/recipes/clips.h"
#include "train/synth/render.h"

namespace headroom::train {
namespace {

using nlohmann::json;

constexpr int kRate = 48000;
constexpr std::array<double, 5> kStrengths{0.0, 0.25, 0.5, 0.75, 1.0};
constexpr std::array<double, 2> kSteered{0.75, 1.0};
constexpr const char* kDrums = "drums only";
constexpr const char* kPads = "soft pads";
// Songs that the classifier learns from and is tested on lie apart from those that are covered.
constexpr std::uint64_t kClassifierSongs = kHeldOutSongs + 1'000'000;
constexpr std::int64_t kTestShare = 4;  // one of so many examples is for the classifier's own test

// What all songs have to say about one strength.
struct StrengthSums {
  double to_source = 0.0, to_round_trip = 0.0, si_sdr = 0.0;
  std::map<TempoMatch, double> tempos;
  std::map<KeyMatch, double> keys;
  double both = 0.0;
  std::vector<double> heard_tempos;  // of each song
  std::vector<std::string> heard_keys;
};

json row_of(double strength, StrengthSums sums, std::int64_t songs) {
  const auto count = static_cast<double>(songs);
  return {{"strength", strength},
          {"log_mel_to_source_db", sums.to_source / count},
          {"log_mel_to_round_trip_db", sums.to_round_trip / count},
          {"si_sdr_to_round_trip_db", sums.si_sdr / count},
          {"tempo",
           {{"same", sums.tempos[TempoMatch::same] / count},
            {"octave", sums.tempos[TempoMatch::octave] / count},
            {"other", sums.tempos[TempoMatch::other] / count}}},
          {"key",
           {{"same", sums.keys[KeyMatch::same] / count},
            {"relative", sums.keys[KeyMatch::relative] / count},
            {"fifth", sums.keys[KeyMatch::fifth] / count},
            {"parallel", sums.keys[KeyMatch::parallel] / count},
            {"other", sums.keys[KeyMatch::other] / count}}},
          {"same_tempo_and_key", sums.both / count},
          {"heard_tempos", sums.heard_tempos},
          {"heard_keys", sums.heard_keys}};
}

void add_cover(const at::Tensor& cover, const CoverSource& source, const at::Tensor& round_trip,
               StrengthSums& sums) {
  sums.to_source += log_mel_db(cover, source.audio);
  sums.to_round_trip += log_mel_db(cover, round_trip);
  sums.si_sdr += si_sdr(cover, round_trip).mean().item<double>();
  const auto heard = listen(cover, kRate);
  sums.heard_tempos.push_back(heard.tempo);
  sums.heard_keys.push_back(key_name(heard.key));
  const auto tempo = compare_tempos(heard.tempo, source.heard.tempo);
  const auto key = compare_keys(heard.key, source.heard.key);
  sums.tempos[tempo] += 1.0;
  sums.keys[key] += 1.0;
  if (tempo == TempoMatch::same && key == KeyMatch::same) sums.both += 1.0;
}

json measure_strengths(CoverMaker& maker, const CoverMeasurement& settings) {
  std::array<StrengthSums, kStrengths.size()> sums;
  std::int64_t rising = 0;
  double round_trips = 0.0;
  json sources = json::array();
  for (std::int64_t i = 0; i < settings.songs; ++i) {
    const auto number = kHeldOutSongs + static_cast<std::uint64_t>(i);
    const auto source = full_mix(number, settings.seconds);
    const auto round_trip = maker.round_trip(source.audio);
    const auto song = synth::compose(number, settings.seconds);
    sources.push_back({{"tempo", song.bpm},
                       {"heard_tempo", source.heard.tempo},
                       {"key", key_name(song.key_index())},
                       {"heard_key", key_name(source.heard.key)}});
    round_trips += log_mel_db(round_trip, source.audio);
    bool rises = true;
    double last = 0.0;
    for (size_t k = 0; k < kStrengths.size(); ++k) {
      const auto before = sums[k].to_source;
      add_cover(maker.cover(source, full_mix_caption(number), kStrengths[k], number), source,
                round_trip, sums[k]);
      const auto distance = sums[k].to_source - before;
      rises = rises && distance >= last;
      last = distance;
    }
    rising += rises ? 1 : 0;
  }
  json rows = json::array();
  bool mean_rises = true;
  for (size_t k = 0; k < kStrengths.size(); ++k) {
    rows.push_back(row_of(kStrengths[k], sums[k], settings.songs));
    mean_rises = mean_rises && (k == 0 || sums[k].to_source >= sums[k - 1].to_source);
  }
  const auto count = static_cast<double>(settings.songs);
  return {{"round_trip_log_mel_to_source_db", round_trips / count},
          {"sources", sources},
          {"rows", rows},
          {"mean_distance_rises", mean_rises},
          {"songs_whose_distance_rises", static_cast<double>(rising) / count}};
}

// A held-out song by drums or by soft pads alone, as the VAE gives it back.
Descriptors example_of(const CoverMaker& maker, std::uint64_t number, bool drums, double seconds) {
  std::array<bool, synth::kStems> plays{};
  plays[static_cast<size_t>(drums ? synth::Stem::drums : synth::Stem::pad)] = true;
  auto arrangement = synth::arrange(number, plays);
  arrangement.part(synth::Stem::pad).sound = 0;  // the soft ones
  const auto song = synth::compose(number, seconds);
  const auto samples = static_cast<std::int64_t>(seconds * kRate);
  return describe(maker.round_trip(synth::render(song, arrangement, samples).mix), kRate);
}

struct TestedClassifier {
  LogisticClassifier classifier;
  double accuracy;  // on songs that it did not learn from
};

TestedClassifier drums_classifier(const CoverMaker& maker, const CoverMeasurement& settings) {
  std::vector<LabelledPiece> learnt;
  std::vector<LabelledPiece> kept;
  for (std::int64_t i = 0; i < settings.classifier_songs; ++i) {
    const auto number = kClassifierSongs + static_cast<std::uint64_t>(i);
    auto& list = i % kTestShare == kTestShare - 1 ? kept : learnt;
    for (const bool drums : {true, false})
      list.push_back({example_of(maker, number, drums, settings.seconds), drums});
  }
  TestedClassifier result{LogisticClassifier(learnt), 0.0};
  double right = 0.0;
  for (const auto& one : kept)
    right += (result.classifier.probability(one.values) > 0.5) == one.positive ? 1.0 : 0.0;
  result.accuracy = kept.empty() ? 0.0 : right / static_cast<double>(kept.size());
  return result;
}

// How often a cover asked for by one of the two prompts is heard as what was asked for.
json measure_steering(CoverMaker& maker, const CoverMeasurement& settings) {
  const auto tested = drums_classifier(maker, settings);
  std::map<double, std::map<bool, double>> right;
  for (std::int64_t i = 0; i < settings.songs; ++i) {
    const auto number = kHeldOutSongs + static_cast<std::uint64_t>(i);
    const auto source = full_mix(number, settings.seconds);
    for (const double strength : kSteered) {
      for (const bool drums : {true, false}) {
        const auto cover = maker.cover(source, drums ? kDrums : kPads, strength, number);
        const auto heard = tested.classifier.probability(describe(cover, kRate)) > 0.5;
        right[strength][drums] += heard == drums ? 1.0 : 0.0;
      }
    }
  }
  json weights;
  for (size_t k = 0; k < kDescriptors; ++k)
    weights[std::string(kDescriptorNames[k])] = tested.classifier.weights()[k];
  json rows = json::array();
  const auto count = static_cast<double>(settings.songs);
  for (auto& [strength, of] : right) {
    rows.push_back({{"strength", strength},
                    {"accuracy", (of[true] + of[false]) / (2.0 * count)},
                    {"accuracy_drums_only", of[true] / count},
                    {"accuracy_soft_pads", of[false] / count}});
  }
  return {{"classifier",
           {{"songs", settings.classifier_songs},
            {"accuracy_on_kept_renders", tested.accuracy},
            {"weights_for_drums", weights}}},
          {"rows", rows}};
}

}  // namespace

json measure_covers(const studio::ModelFolder& model, const CoverMeasurement& settings) {
  const at::NoGradGuard no_grad;
  CoverMaker maker(model, settings.steps);
  return {{"songs", settings.songs},
          {"seconds", settings.seconds},
          {"steps", settings.steps},
          {"strengths", measure_strengths(maker, settings)},
          {"steering", measure_steering(maker, settings)}};
}

}  // namespace headroom::train
