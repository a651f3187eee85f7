// The fuzzers' seeds through the same entry points in the ordinary build.
#include <gtest/gtest.h>

#include "../fuzz/lora_entry.h"
#include "replay_corpus.h"

namespace headroom {
namespace {

TEST(Corpus, Lora) { replay_corpus("lora", try_lora); }
TEST(Corpus, LoraMetadata) { replay_corpus("lora_metadata", try_lora_metadata); }

}  // namespace
}  // namespace headroom
