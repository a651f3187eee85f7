// Voices of other programs (speaker.h), speaking, and made to sing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "train/outside/speaker.h"
#include "train/synth/dice.h"
#include "train/synth/song.h"

namespace headroom::train {

/// A sentence by chance, in English.
std::string sentence(synth::Dice& dice);
/// Words of no language, which any voice can say.
std::string nonsense(synth::Dice& dice);
using Words = std::string (*)(synth::Dice& dice);

/// Sentences, one after the other with short pauses, mono [n] at `rate` Hz, by a person of `size`
/// (speaker.h). Pitch, speed and sentences are drawn from the dice. `scratch` is for files in
/// between. Throws Error(input) without the speaker's program.
at::Tensor speak(const Speaker& speaker, Words words, double size, synth::Dice dice,
                 std::int64_t samples, int rate, const std::filesystem::path& scratch);

/// The notes with the song's syllables, mono [n] at `rate` Hz. Each syllable is spoken at a steady
/// pitch near the note's, then tuned and held as a sampler would: its vowel is looped, with
/// vibrato. The whole melody goes up or down by octaves to where the voice lies.
at::Tensor sing(const Speaker& speaker, double size, const synth::Song& song,
                const std::vector<synth::Note>& notes, std::int64_t samples, int rate,
                const std::filesystem::path& scratch);

/// The pitch of a mono sound in Hz where it is loudest, from 60 to 450 Hz. At least a fifth of a
/// second.
double pitch_of(const std::vector<float>& sound, int rate);

}  // namespace headroom::train
