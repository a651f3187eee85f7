// Learns a byte-level BPE vocabulary, in the form that BpeTokenizer reads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace headroom::train {

/// The tokenizer.json of a vocabulary of `size` tokens for texts like these: 256 bytes, merges of
/// the pairs that are commonest (the lexicographically first of equally common ones), and at the
/// end <|endoftext|>, <|im_start|>, <|im_end|>. Fewer tokens when no pair occurs twice. Equal texts
/// give equal vocabularies.
std::string learn_vocabulary(const std::vector<std::string>& texts, std::int64_t size);

}  // namespace headroom::train
