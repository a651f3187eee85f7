#include "memory/executor.h"

#include <gtest/gtest.h>

#include "memory/stand.h"

namespace headroom::memory {
namespace {

using std::chrono::milliseconds;

struct Line {
  explicit Line(std::uint64_t budget = 64 * kMiB)
      : stand(budget),
        executor(stand.residency, {.threaded = false, .janitor = {}, .clock = stand.time.clock()}) {
  }

  std::unique_ptr<TestTask> task(const std::string& name, Priority priority, std::int64_t steps,
                                 std::vector<Component*> needs = {},
                                 std::vector<ChunkChoice> choices = {{1, 0}}) {
    return std::make_unique<TestTask>(
        TaskInfo{.name = name, .owner = name, .priority = priority, .deadline = {}},
        Step{name, std::move(needs), std::move(choices)}, steps,
        [this, name](const StepContext&) { story += name.substr(0, 1); });
  }

  static std::string end_of(Ticket& ticket) {
    if (ticket.done.wait_for(milliseconds(0)) != std::future_status::ready) return "still waiting";
    try {
      ticket.done.get();
      return "done";
    } catch (const Error& error) {
      return std::string(to_string(error.kind())) + ": " + error.what();
    } catch (const std::exception& error) {
      return error.what();
    }
  }

  Stand stand;
  Executor executor;
  std::string story;
};

TEST(Executor, RealtimeRunsBetweenTheChunksOfBackgroundWork) {
  Line line;
  auto rip = line.executor.submit(line.task("rip", Priority::background, 3));
  auto ticks = line.executor.submit(line.task("tick", Priority::realtime, 20));
  auto prompt = line.executor.submit(line.task("prompt", Priority::interactive, 1));
  line.executor.drain();
  EXPECT_EQ(line.story, "ttttttttrtpttttttrtttttr")
      << "eight passes, then a turn in two belongs to the aged";
  EXPECT_EQ(Line::end_of(rip), "done");
  EXPECT_EQ(Line::end_of(ticks), "done");
  EXPECT_EQ(Line::end_of(prompt), "done");
  EXPECT_EQ(line.executor.waiting(), 0U);
}

TEST(Executor, TakesTheLargestChunkForWhichRoomCanBeMade) {
  Line line(40 * kMiB);
  ASSERT_TRUE(line.stand.admit({&line.stand.text}));
  auto task = line.task("encode", Priority::interactive, 2, {&line.stand.encoder},
                        {{4, 40 * kMiB}, {2, 30 * kMiB}, {1, 10 * kMiB}});
  auto* encode = task.get();
  std::vector<std::int64_t> chunks;
  encode->on_end = [&](std::exception_ptr) { chunks = encode->chunks; };
  auto ticket = line.executor.submit(std::move(task));
  line.executor.drain();
  EXPECT_EQ(Line::end_of(ticket), "done");
  EXPECT_EQ(chunks, (std::vector<std::int64_t>{2, 2}));
  EXPECT_EQ(line.stand.residents(), "vae_encoder") << "parking comes before a smaller chunk";
  EXPECT_EQ(line.stand.check(), "");
}

TEST(Executor, RefusesWithTheNumberThatWouldDo) {
  Line line(40 * kMiB);
  auto ticket = line.executor.submit(
      line.task("decode", Priority::interactive, 1, {&line.stand.decoder}, {{1, 30 * kMiB}}));
  line.executor.drain();
  try {
    ticket.done.get();
    FAIL() << "46 MiB do not fit into 40";
  } catch (const Refused& refused) {
    EXPECT_EQ(refused.kind(), ErrorKind::memory);
    EXPECT_EQ(refused.shortfall().missing(), 6 * kMiB);
    EXPECT_NE(std::string(refused.what()).find("decode"), std::string::npos);
  }
  EXPECT_EQ(line.story, "");
}

TEST(Executor, WaitsForALeaseThatEndsByItself) {
  Line line(40 * kMiB);
  auto lease = line.stand.residency.lease({.name = "old session",
                                           .purpose = Purpose::latents,
                                           .bytes = 30 * kMiB,
                                           .owner = "old",
                                           .ends = true});
  ASSERT_TRUE(lease);
  auto ticket = line.executor.submit(
      line.task("decode", Priority::interactive, 1, {&line.stand.decoder}, {{1, 0}}));
  line.executor.drain();
  EXPECT_EQ(Line::end_of(ticket), "still waiting");
  std::move(lease).value().reset();
  line.stand.time.pass(milliseconds(50));
  line.executor.drain();
  EXPECT_EQ(Line::end_of(ticket), "done");
}

TEST(Executor, WaitsNoLongerThanTheDeadline) {
  Line line(40 * kMiB);
  const auto lease = line.stand.residency.lease({.name = "old session",
                                                 .purpose = Purpose::latents,
                                                 .bytes = 30 * kMiB,
                                                 .owner = "old",
                                                 .ends = true});
  ASSERT_TRUE(lease);
  TaskInfo info{.name = "swap", .owner = "s", .priority = Priority::interactive, .deadline = {}};
  info.deadline = *line.stand.time.now + milliseconds(500);
  auto ticket = line.executor.submit(
      std::make_unique<TestTask>(info, Step{"swap", {&line.stand.decoder}, {{1, 0}}}, 1));
  line.executor.drain();
  line.stand.time.pass(milliseconds(400));
  line.executor.drain();
  EXPECT_EQ(Line::end_of(ticket), "still waiting");
  line.stand.time.pass(milliseconds(200));
  line.executor.drain();
  EXPECT_EQ(Line::end_of(ticket).substr(0, 12), "memory: swap");
}

TEST(Executor, ACanceledTaskEndsBeforeItsNextStep) {
  Line line;
  Ticket ticket;
  auto task = std::make_unique<TestTask>(
      TaskInfo{.name = "rip", .owner = "u", .priority = Priority::background, .deadline = {}},
      Step{"rip", {}, {{1, 0}}}, 10, [&](const StepContext&) {
        line.story += "r";
        if (line.story.size() == 3) {
          EXPECT_TRUE(line.executor.cancel(ticket.id));
        }
      });
  ticket = line.executor.submit(std::move(task));
  line.executor.drain();
  EXPECT_EQ(line.story, "rrr");
  EXPECT_EQ(Line::end_of(ticket), "canceled: rip was canceled");
  EXPECT_FALSE(line.executor.cancel(ticket.id));
}

TEST(Executor, AnErrorEndsItsTaskAndNoOther) {
  Line line;
  auto bad = line.executor.submit(std::make_unique<TestTask>(
      TaskInfo{.name = "bad", .owner = "b", .priority = Priority::realtime, .deadline = {}},
      Step{"bad", {}, {{1, 0}}}, 3,
      [](const StepContext&) { throw Error(ErrorKind::input, "no such bar"); }));
  auto good = line.executor.submit(line.task("good", Priority::background, 2));
  line.executor.drain();
  EXPECT_EQ(Line::end_of(bad), "input: no such bar");
  EXPECT_EQ(Line::end_of(good), "done");
}

TEST(Executor, ADestroyedExecutorAnswersEveryTicket) {
  Stand stand;
  Ticket ticket;
  {
    Executor executor(stand.residency, {});
    ticket = executor.submit(std::make_unique<TestTask>(
        TaskInfo{.name = "endless", .owner = "e", .priority = Priority::background, .deadline = {}},
        Step{"endless", {&stand.vae}, {{1, kMiB}}}, 1 << 30));
    executor.between_steps([&](Residency& residency) { EXPECT_EQ(&residency, &stand.residency); });
  }
  EXPECT_EQ(Line::end_of(ticket), "canceled: endless was canceled");
  EXPECT_EQ(stand.check(), "");
}

// A task whose work another one's step may do.
class Passenger : public Task {
 public:
  explicit Passenger(std::string& story) : story_(story) {}
  const TaskInfo& info() const override { return info_; }
  std::optional<Step> next() override {
    if (fault != nullptr) std::rethrow_exception(fault);
    return carried ? std::nullopt : std::optional<Step>(Step{"passenger", {}, {{1, 0}}});
  }
  void run(const StepContext&) override { story_ += "p", carried = true; }
  bool served() const override { return carried || fault != nullptr; }

  bool carried = false;
  std::exception_ptr fault;

 private:
  std::string& story_;
  TaskInfo info_{
      .name = "passenger", .owner = "p", .priority = Priority::background, .deadline = {}};
};

TEST(Executor, WhoIsServedByAnothersStepNeedsNoTurn) {
  Line line;
  std::vector<Ticket> carried;
  std::vector<Passenger*> passengers;
  for (int i = 0; i < 2; ++i) {
    auto passenger = std::make_unique<Passenger>(line.story);
    passengers.push_back(passenger.get());
    carried.push_back(line.executor.submit(std::move(passenger)));
  }
  std::vector<std::string> ends;
  auto bus = line.executor.submit(std::make_unique<TestTask>(
      TaskInfo{.name = "bus", .owner = "b", .priority = Priority::realtime, .deadline = {}},
      Step{"bus", {}, {{1, 0}}}, 2, [&](const StepContext&) {
        line.story += "b";
        if (line.story == "b") {
          passengers[0]->carried = true;
          passengers[1]->fault = std::make_exception_ptr(Error(ErrorKind::input, "fell off"));
        } else {
          for (auto& ticket : carried) ends.push_back(Line::end_of(ticket));
        }
      }));
  line.executor.drain();
  EXPECT_EQ(line.story, "bb");
  EXPECT_EQ(ends, (std::vector<std::string>{"done", "input: fell off"}))
      << "before the next step of anybody";
  EXPECT_EQ(Line::end_of(bus), "done");
}

TEST(Executor, StepsThatExceedTheirBoundAreReported) {
  Line line;
  auto ticket = line.executor.submit(std::make_unique<TestTask>(
      TaskInfo{.name = "greedy", .owner = "g", .priority = Priority::background, .deadline = {}},
      Step{"greedy", {}, {{1, kMiB}}}, 1, [](const StepContext&) {
        (void)at::empty({2 * static_cast<std::int64_t>(kMiB)}, at::kByte);
      }));
  line.executor.drain();
  EXPECT_EQ(Line::end_of(ticket), "done");
  EXPECT_EQ(line.stand.telemetry.count("defect", "greedy"), 1U);
}

}  // namespace
}  // namespace headroom::memory
