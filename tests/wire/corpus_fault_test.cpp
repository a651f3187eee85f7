// The fuzzers' seeds through the same entry points in the ordinary build.
#include <gtest/gtest.h>

#include "../fuzz/wire_entry.h"
#include "replay_corpus.h"

namespace headroom {
namespace {

TEST(Corpus, WireText) { replay_corpus("wire_text", try_wire_text); }
TEST(Corpus, WireFrame) { replay_corpus("wire_frame", try_wire_frame); }

}  // namespace
}  // namespace headroom
