// Songs in words: the prompts that the diffusion transformer learns from.
#pragma once

#include <string>
#include <vector>

#include "studio/prompt.h"
#include "train/synth/arrangement.h"
#include "train/synth/dice.h"
#include "train/synth/song.h"

namespace headroom::train {

/// What a user might have said to get this: some of the tags in some order, the rest of the fields
/// true. Lyrics where somebody sings.
studio::Prompt prompt_of(const synth::Song& song, const synth::Arrangement& arrangement,
                         synth::Dice& dice);

/// Prompts and lyric prompts of many songs, for a vocabulary.
std::vector<std::string> sample_texts(std::int64_t songs);

}  // namespace headroom::train
