#include "memory/telemetry.h"

#include <fstream>

#include <gtest/gtest.h>

#include "base/json.h"
#include "expect_error.h"
#include "memory/stand.h"
#include "memory/trace_picture.h"
#include "temp_folder.h"

namespace headroom::memory {
namespace {

TEST(Telemetry, TellsEveryTransitionInOrder) {
  Stand stand;
  ASSERT_TRUE(stand.admit({&stand.text}, 4));
  stand.residency.park(stand.text);
  std::string story;
  for (const auto& event : stand.telemetry.recent()) story += event.what + " " + event.name + "; ";
  EXPECT_EQ(story,
            "granted text_encoder; restored text_encoder; granted workspace; resized workspace; "
            "returned text_encoder; parked text_encoder; ");
  EXPECT_EQ(stand.telemetry.count("restored", "text_encoder"), 1U);
}

TEST(Telemetry, ATraceOnDiskBecomesAPicture) {
  const TempFolder folder;
  const auto path = (folder.path() / "run.jsonl").string();
  {
    Stand stand;
    stand.telemetry.add_sink(trace_to_file(path));
    ASSERT_TRUE(stand.admit({&stand.decoder}, 8));
    stand.time.pass(std::chrono::seconds(2));
    SeparatorStay stay(stand.residency, {}, stand.separator, "upload <1>");
    ASSERT_TRUE(stand.admit({&stand.separator}, 8));
    stay.end();
  }
  const auto events = load_trace(path);
  EXPECT_GT(events.size(), 8U);
  EXPECT_DOUBLE_EQ(events.back().seconds, 2.0);
  const auto svg = draw_trace(events);
  EXPECT_EQ(svg.substr(0, 4), "<svg");
  EXPECT_NE(svg.find("stems_vram separator released"), std::string::npos);
  EXPECT_NE(svg.find("<title>weights</title>"), std::string::npos);
  EXPECT_EQ(draw_trace({}).substr(0, 4), "<svg");
}

TEST(Telemetry, ADamagedTraceIsRefusedWithItsLine) {
  TempFolder folder;
  folder.write("run.jsonl", "\n{\"t\": 1}\n");
  EXPECT_ERROR((void)load_trace((folder.path() / "run.jsonl").string()), ErrorKind::input,
               "run.jsonl:2");
  EXPECT_ERROR((void)load_trace("nothing.jsonl"), ErrorKind::input, "nothing.jsonl");
}

}  // namespace
}  // namespace headroom::memory
