// The fuzzers' seeds through the same entry points in the ordinary build.
#include <gtest/gtest.h>

#include "../fuzz/safetensors_entry.h"
#include "../fuzz/torch_archive_entry.h"
#include "replay_corpus.h"

namespace headroom {
namespace {

TEST(Corpus, Safetensors) { replay_corpus("safetensors", try_safetensors); }
TEST(Corpus, TorchArchive) { replay_corpus("torch_archive", try_torch_archive); }

}  // namespace
}  // namespace headroom
