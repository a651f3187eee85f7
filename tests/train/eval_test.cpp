// The measures themselves: each must tell apart what it is there to tell apart.
#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "audio/file.h"
#include "base/error.h"
#include "temp_folder.h"
#include "train/eval/agreement.h"
#include "train/eval/descriptors.h"
#include "train/eval/harmonic_percussive.h"
#include "train/eval/picture.h"
#include "train/eval/png.h"
#include "train/learn/losses.h"
#include "train/outside/helper.h"
#include "train/outside/soundfont.h"
#include "train/outside/voices.h"
#include "train/synth/render.h"

namespace headroom::train {
namespace {

constexpr int kRate = 48000;

at::Tensor tone(double hz, double seconds) {
  const auto t = at::arange(static_cast<std::int64_t>(seconds * kRate), at::kDouble) / kRate;
  return (0.3 * (t * (2.0 * std::numbers::pi * hz)).sin()).to(at::kFloat).unsqueeze(0);
}

at::Tensor clicks(double seconds) {
  auto audio = at::zeros({1, static_cast<std::int64_t>(seconds * kRate)});
  for (std::int64_t at = 6000; at < audio.size(1); at += kRate / 4) audio[0][at] = 1.0;
  return audio;
}

TEST(Agreement, TemposWithinFourPercentAndOctavesBesideThem) {
  EXPECT_EQ(compare_tempos(120.0, 124.0), TempoMatch::same);
  EXPECT_EQ(compare_tempos(120.0, 126.0), TempoMatch::other);
  EXPECT_EQ(compare_tempos(120.0, 61.0), TempoMatch::octave);
  EXPECT_EQ(compare_tempos(75.0, 150.0), TempoMatch::octave);
  EXPECT_EQ(compare_tempos(0.0, 0.0), TempoMatch::same);
  EXPECT_EQ(compare_tempos(120.0, 0.0), TempoMatch::other);
}

TEST(Agreement, StrokesByWhenTheyCome) {
  const auto strikes = clicks(4.0) + 0.01 * tone(300.0, 4.0);
  EXPECT_NEAR(onset_correlation(strikes, strikes, kRate), 1.0, 1e-4);
  EXPECT_GT(onset_correlation(0.1 * strikes, strikes, kRate), 0.99) << "levels do not count";
  EXPECT_LT(onset_correlation(strikes.roll(kRate / 10, 1), strikes, kRate), 0.2);
  EXPECT_EQ(onset_correlation(at::zeros({1, 2L * kRate}), at::zeros({1, 2L * kRate}), kRate), 0.0);
}

TEST(Agreement, KeysByTheirDistance) {
  constexpr int c_major = 0;
  constexpr int a_minor = 12 + 9;
  EXPECT_EQ(compare_keys(c_major, c_major), KeyMatch::same);
  EXPECT_EQ(compare_keys(c_major, a_minor), KeyMatch::relative);
  EXPECT_EQ(compare_keys(a_minor, c_major), KeyMatch::relative);
  EXPECT_EQ(compare_keys(c_major, 7), KeyMatch::fifth);
  EXPECT_EQ(compare_keys(7, c_major), KeyMatch::fifth);
  EXPECT_EQ(compare_keys(a_minor, 12 + 4), KeyMatch::fifth);
  EXPECT_EQ(compare_keys(c_major, 12), KeyMatch::parallel);
  EXPECT_EQ(compare_keys(c_major, 12 + 4), KeyMatch::other);
  EXPECT_EQ(compare_keys(c_major, 1), KeyMatch::other);
}

TEST(OnsetLoss, HearsStrokesThatAreMissingAndForgivesWhatLasts) {
  const auto loss = [](const at::Tensor& made, const at::Tensor& wanted) {
    return onset_loss(made, wanted, kRate, 1024, 64).item<double>();
  };
  const auto strikes = clicks(2.0) + 0.01 * tone(440.0, 2.0);
  EXPECT_EQ(loss(strikes, strikes), 0.0);
  EXPECT_GT(loss(0.01 * tone(440.0, 2.0), strikes), 0.5);
  const double late = loss(strikes.roll(kRate / 20, 1), strikes);
  EXPECT_GT(late, 0.5) << "a twentieth of a second late";
  EXPECT_LT(loss(strikes * 0.5, strikes), 0.3) << "softer as a whole";
  EXPECT_EQ(loss(at::zeros({1, kRate}), at::zeros({1, kRate})), 0.0);
}

TEST(MedianFilters, PartWhatLastsFromWhatStrikes) {
  const auto lasts = tone(440.0, 3.0);
  const auto strikes = clicks(3.0);
  const auto parts = split_harmonic_percussive(lasts + strikes, 2048);
  EXPECT_GT(si_sdr(parts.harmonic, lasts).item<double>(), 15.0);
  const auto before = si_sdr(lasts + strikes, strikes).item<double>();
  EXPECT_GT(si_sdr(parts.percussive, strikes).item<double>(), before + 20.0);
  EXPECT_LT((parts.harmonic + parts.percussive - lasts - strikes).abs().max().item<double>(), 1e-5);
}

TEST(Classifier, HearsDrumsInSongsThatItHasNotLearnt) {
  const auto piece = [](std::uint64_t number, bool drums) {
    std::array<bool, synth::kStems> plays{};
    plays[static_cast<size_t>(drums ? synth::Stem::drums : synth::Stem::pad)] = true;
    const auto song = synth::compose(number, 4.0);
    const auto mix = synth::render(song, synth::arrange(number, plays), 4L * kRate).mix;
    return describe(mix, kRate);
  };
  std::vector<LabelledPiece> learnt;
  for (std::uint64_t number = 1; number <= 6; ++number)
    for (const bool drums : {true, false}) learnt.push_back({piece(number, drums), drums});
  const LogisticClassifier classifier(learnt);
  for (std::uint64_t number = 11; number <= 14; ++number)
    for (const bool drums : {true, false})
      EXPECT_EQ(classifier.probability(piece(number, drums)) > 0.5, drums) << number;
}

TEST(Classifier, DescribesSilenceAndForgetsLevels) {
  for (const double value : describe(at::zeros({2, 2L * kRate}), kRate))
    EXPECT_TRUE(std::isfinite(value));
  const auto audio = tone(200.0, 2.0) + clicks(2.0);
  const auto loud = describe(audio, kRate);
  const auto soft = describe(0.1 * audio, kRate);
  for (size_t i = 0; i < kDescriptors; ++i) EXPECT_NEAR(loud[i], soft[i], 0.02) << i;
}

TEST(Unseen, AMidiFileHoldsTheNotesAndTheEnd) {
  const auto song = synth::compose(3, 5.0);
  const auto arrangement = synth::arrange(3, {true, true, true, true, true, true});
  const auto midi = midi_file(song, arrangement);
  EXPECT_EQ(midi.substr(0, 4), "MThd");
  EXPECT_EQ(midi.substr(14, 4), "MTrk");
  EXPECT_EQ(midi.substr(midi.size() - 3), std::string("\xFF\x2F\x00", 3));
  // The length that the track's header tells is what follows it.
  std::uint32_t length = 0;
  for (size_t i = 18; i < 22; ++i) length = length << 8U | static_cast<unsigned char>(midi[i]);
  EXPECT_EQ(length, midi.size() - 22);
  EXPECT_EQ(midi, midi_file(song, arrangement));
}

TEST(Unseen, ASoundFontPlaysIt) {
  const TempFolder folder;
  const auto song = synth::compose(3, 3.0);
  const auto arrangement = synth::arrange(3, {false, true, true, false, false, true});
  const auto played =
      play_midi(kUnheardSoundFont, midi_file(song, arrangement), 3L * 44100, 44100, folder.path());
  EXPECT_EQ(played.sizes(), (at::IntArrayRef{2, 3L * 44100}));
  EXPECT_GT(played.abs().max().item<double>(), 0.01);
}

TEST(Unseen, AHelperThatIsNotThereIsNamedWithItsPackage) {
  try {
    run_helper({"headroom-no-such-program"}, "some-package");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::input);
    EXPECT_NE(std::string(error.what()).find("some-package"), std::string::npos);
  }
  EXPECT_THROW(run_helper({"false"}, "coreutils"), Error);
}

TEST(Unseen, AHelperThatMakesNoSoundIsToldAndNothingOldIsHeard) {
  const TempFolder folder;
  const auto wav = folder / "voice.wav";
  AudioWriter writer(wav, kRate, 1, SampleFormat::pcm16);
  writer.write(tone(440.0, 0.1));
  writer.commit();
  EXPECT_THROW(sound_of_helper({"true"}, "coreutils", wav, kRate, 1), Error)
      << "the file is of an earlier call";
}

TEST(Unseen, ThePitchOfABuzz) {
  for (const double hz : {80.0, 143.0, 310.0}) {
    std::vector<float> sound(kRate / 2);
    for (size_t i = 0; i < sound.size(); ++i) {
      for (int harmonic = 1; harmonic <= 8; ++harmonic) {
        sound[i] += static_cast<float>(
            std::sin(2.0 * std::numbers::pi * hz * harmonic * static_cast<double>(i) / kRate) /
            harmonic);
      }
    }
    EXPECT_NEAR(pitch_of(sound, kRate), hz, 0.01 * hz);
  }
}

TEST(Picture, PanelsWithTheirTitles) {
  const auto audio = tone(1000.0, 1.0).expand({2, -1});
  const auto svg = draw_panels({{"a < b", audio}, {"noise", audio * 0.5}, {"third", audio}});
  EXPECT_NE(svg.find("a &lt; b"), std::string::npos);
  size_t images = 0;
  for (size_t at = 0; (at = svg.find("<image", at)) != std::string::npos; ++at) ++images;
  EXPECT_EQ(images, 3U);
}

TEST(Picture, Base64AsTheStandardHasIt) {
  EXPECT_EQ(base64_of(""), "");
  EXPECT_EQ(base64_of("f"), "Zg==");
  EXPECT_EQ(base64_of("fo"), "Zm8=");
  EXPECT_EQ(base64_of("foobar"), "Zm9vYmFy");
}

TEST(Picture, APngBeginsAndEndsAsOne) {
  const IndexedPicture picture{2, 2, {0, 1, 1, 0}, {{{0, 0, 0}}, {{255, 0, 0}}}};
  const auto png = png_of(picture);
  EXPECT_EQ(png.substr(1, 3), "PNG");
  EXPECT_EQ(png.substr(12, 4), "IHDR");
  // The empty last chunk with its well-known checksum.
  EXPECT_EQ(png.substr(png.size() - 8), std::string("IEND\xAE\x42\x60\x82"));
  EXPECT_THROW(png_of({3, 2, {0}, picture.palette}), Error);
}

}  // namespace
}  // namespace headroom::train
