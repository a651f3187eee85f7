// Components that come and go under requests from several threads. Run under ThreadSanitizer by
// tools/sanitize.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "base/json.h"
#include "memory/stand.h"

namespace headroom::memory {
namespace {

constexpr std::uint64_t kCycles = 1000;

TEST(Concurrent, AThousandParksAndRestoresUnderRequests) {
  // 40 MiB to lease: text and separator do not fit beside the decoder together.
  Stand stand(104 * kMiB, {.slack = 64 * kMiB});
  Executor executor(stand.residency);
  std::atomic<bool> stop = false;
  std::atomic<int> spoilt = 0;
  const auto request = [&](Component& component, size_t index, Priority priority) {
    while (!stop) {
      TestTask task({.name = component.name(), .owner = "t", .priority = priority, .deadline = {}},
                    Step{component.name(), {&component}, {{1, 4096}}}, 2, [&](const StepContext&) {
                      spoilt += stand.placements[index]->intact() ? 0 : 1;
                    });
      executor.run(task);
    }
  };
  {
    std::vector<std::jthread> threads;
    threads.emplace_back([&] { request(stand.decoder, 0, Priority::realtime); });
    threads.emplace_back([&] { request(stand.text, 2, Priority::interactive); });
    threads.emplace_back([&] { request(stand.separator, 4, Priority::background); });
    threads.emplace_back([&] {
      while (!stop) {
        const Executor::Live session(executor, "t");
        (void)stand.residency.snapshot();
        auto ticket = executor.submit(std::make_unique<TestTask>(
            TaskInfo{.name = "c", .owner = "t", .priority = Priority::background, .deadline = {}},
            Step{"c", {&stand.vae}, {{1, 0}}}, 3));
        executor.cancel(ticket.id);
        ticket.done.wait();
      }
    });
    while (stand.text.restores() + stand.separator.restores() < kCycles)
      executor.between_steps([](Residency& residency) { residency.park_idle(); });
    stop = true;
  }
  EXPECT_EQ(spoilt, 0);
  executor.between_steps([](Residency& residency) {
    residency.park_idle();
    residency.trim();
  });
  EXPECT_EQ(stand.ledger.leased(), 0U);
  EXPECT_EQ(stand.check(), "");
}

}  // namespace
}  // namespace headroom::memory
