// The fuzzer's seeds through the same entry point in the ordinary build.
#include <gtest/gtest.h>

#include "../fuzz/conversation_entry.h"
#include "replay_corpus.h"

namespace headroom {
namespace {

TEST(Corpus, Conversation) { replay_corpus("conversation", try_conversation); }

}  // namespace
}  // namespace headroom
