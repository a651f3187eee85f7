#include "memory/component.h"

namespace headroom::memory {

std::string_view to_string(ComponentState state) {
  switch (state) {
    case ComponentState::parked:
      return "parked";
    case ComponentState::restoring:
      return "restoring";
    case ComponentState::resident:
      return "resident";
    case ComponentState::in_use:
      return "in use";
  }
  return "";
}

Component::Component(std::string name, ComponentGroup group, std::uint64_t bytes,
                     std::unique_ptr<Placement> placement)
    : name_(std::move(name)), group_(group), bytes_(bytes), placement_(std::move(placement)) {}

}  // namespace headroom::memory
