// The event queue against recorded traces of the original bus, and its own limits (W45).
#include <regex>

#include <gtest/gtest.h>

#include "server/event_queue.h"
#include "wire/protocol_golden.h"

namespace headroom::server {
namespace {

using namespace std::chrono_literals;

// "AudioReady(3)", "ParamsEcho({'a': 1})", "PromptApplied(p1)", "DepthApplied(-1)".
wire::Event event_of(const std::string& text) {
  static const std::regex form(R"((\w+)\((.*?)\)( .*)?)");
  std::smatch match;
  EXPECT_TRUE(std::regex_match(text, match, form)) << text;
  const auto name = match[1].str();
  const auto value = match[2].str();
  if (name == "AudioReady")
    return wire::Slice{.start = static_cast<std::uint32_t>(std::stoi(value)),
                       .samples = std::make_shared<std::vector<float>>(2)};
  if (name == "PromptApplied") return wire::PromptApplied{.tags = value};
  if (name == "DepthApplied") return wire::DepthApplied{.value = std::stoi(value)};
  EXPECT_EQ(name, "ParamsEcho");
  return wire::ParamsEcho{{{"a", std::stoi(value.substr(value.find(':') + 1))}}};
}

std::string text_of(const wire::Event& event) {
  if (const auto* slice = std::get_if<wire::Slice>(&event))
    return "AudioReady(" + std::to_string(slice->start) + ")";
  if (const auto* prompt = std::get_if<wire::PromptApplied>(&event))
    return "PromptApplied(" + prompt->tags + ")";
  if (const auto* depth = std::get_if<wire::DepthApplied>(&event))
    return "DepthApplied(" + std::to_string(depth->value) + ")";
  if (const auto* echo = std::get_if<wire::ParamsEcho>(&event))
    return "ParamsEcho({'a': " + std::to_string(echo->raw["a"].get<int>()) + "})";
  const auto& error = std::get<wire::RuntimeError>(event);
  EXPECT_EQ(error.message, "queue overflow on prompt_applied");
  return "SubscriberDropped(queue overflow on PromptApplied)";
}

TEST(Bus, TheRecordedTraces) {
  const auto golden = wire::golden_json("bus.json");
  for (const auto& [name, trace] : golden.items()) {
    SCOPED_TRACE(name);
    EventQueue queue({.events = trace["queue_size"].get<std::size_t>()});
    std::vector<std::string> delivered;
    for (const auto& published : trace["published"]) {
      queue.publish(event_of(published.get<std::string>()));
      if (delivered.empty()) delivered.push_back(text_of(std::get<wire::Event>(queue.take())));
    }
    EXPECT_EQ(queue.size(), trace["queue_before_drain"].size());
    while (true) {
      auto taken = queue.take();
      if (!std::holds_alternative<wire::Event>(taken)) break;
      delivered.push_back(text_of(std::get<wire::Event>(taken)));
    }
    EXPECT_EQ(delivered, trace["delivered"].get<std::vector<std::string>>());
  }
}

TEST(Bus, AnOverflowEndsWithAGoodbyeOfItsOwn) {
  EventQueue queue({.events = 1});
  EXPECT_EQ(queue.publish(wire::TimbreCleared{}), Sent::queued);
  EXPECT_EQ(queue.publish(wire::TimbreCleared{}), Sent::overflow);
  EXPECT_EQ(queue.publish(wire::TimbreCleared{}), Sent::dropped);
  EXPECT_TRUE(std::holds_alternative<wire::Event>(queue.take()));
  EXPECT_EQ(std::get<Goodbye>(queue.take()).code, 1011);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(queue.take())) << "once";
}

wire::Slice slice_of(std::size_t floats) {
  return {.samples = std::make_shared<std::vector<float>>(floats)};
}

TEST(Bus, SlicesHaveALimitOfBytes) {
  EventQueue queue({.events = 100, .slice_bytes = 1000});
  for (std::uint32_t i = 0; i < 10; ++i) {
    auto slice = slice_of(100);
    slice.start = i;
    EXPECT_EQ(queue.publish(slice), Sent::queued);
  }
  EXPECT_EQ(queue.size(), 2U);
  EXPECT_EQ(queue.dropped(), 8U);
  EXPECT_EQ(std::get<wire::Slice>(std::get<wire::Event>(queue.take())).start, 8U);
}

TEST(Bus, OldSlicesAreNotSentAndOthersAre) {
  EventQueue queue({.slice_age = 100ms});
  const auto then = std::chrono::steady_clock::now();
  queue.publish(slice_of(2), then);
  queue.publish(wire::PromptApplied{.tags = "old, and due"}, then);
  queue.publish(slice_of(2), then + 90ms);
  EXPECT_TRUE(
      std::holds_alternative<wire::PromptApplied>(std::get<wire::Event>(queue.take(then + 150ms))));
  EXPECT_TRUE(std::holds_alternative<wire::Slice>(std::get<wire::Event>(queue.take(then + 150ms))));
}

TEST(Bus, AGoodbyeWaitsForWhatIsQueuedAndACutDoesNot) {
  EventQueue queue;
  queue.publish(wire::TimbreCleared{});
  queue.finish({1001, "later"});
  EXPECT_EQ(queue.publish(wire::TimbreCleared{}), Sent::dropped);
  EXPECT_TRUE(std::holds_alternative<wire::Event>(queue.take()));
  queue.cut({4001, "now"});
  EXPECT_EQ(std::get<Goodbye>(queue.take()).code, 4001);
  EventQueue other;
  other.publish(wire::TimbreCleared{});
  other.cut({4001, "now"});
  EXPECT_EQ(std::get<Goodbye>(other.take()).code, 4001);
}

}  // namespace
}  // namespace headroom::server
