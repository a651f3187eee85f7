#include "structure.h"
#include "wire_entry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
  headroom::try_wire_text({data, size});
  return 0;
}

// A third as libFuzzer would, a third member by member, the rest new.
extern "C" size_t LLVMFuzzerCustomMutator(std::uint8_t* data, size_t size, size_t most,
                                          unsigned seed) {
  namespace fuzz = headroom::fuzz;
  fuzz::Dice dice(seed);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  switch (dice.below(3)) {
    case 0:
      return LLVMFuzzerMutate(data, size, most);
    case 1:
      return fuzz::put(fuzz::changed(text, dice), data, most);
    default:
      return fuzz::put(fuzz::message(dice, dice.one_in(3)), data, most);
  }
}
