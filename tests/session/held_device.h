// The device, busy with something else for as long as this lives.
#pragma once

#include <future>
#include <thread>

#include "memory/executor.h"

namespace headroom::session {

class HeldDevice {
 public:
  /// Returns when the device is held.
  explicit HeldDevice(memory::Executor& executor)
      : holder_([this, &executor, open = release_.get_future()] {
          executor.between_steps([&](memory::Residency&) {
            held_.set_value();
            open.wait();
          });
        }) {
    held_.get_future().wait();
  }
  ~HeldDevice() { release_.set_value(); }
  HeldDevice(const HeldDevice&) = delete;
  HeldDevice& operator=(const HeldDevice&) = delete;

 private:
  std::promise<void> release_;
  std::promise<void> held_;
  std::jthread holder_;  // ends before what it uses
};

}  // namespace headroom::session
