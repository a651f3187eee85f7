#include "structure.h"
#include "wire/frames.h"
#include "wire_entry.h"

namespace {

namespace fuzz = headroom::fuzz;

// A slice that the server could have sent, or one with another header in front of the same payload.
std::string slice(fuzz::Dice& dice) {
  std::vector<std::uint16_t> halves(dice.below(400));
  for (auto& half : halves) half = static_cast<std::uint16_t>(dice.below(65536));
  const auto channels = static_cast<std::uint16_t>(1 + dice.below(3));
  halves.resize(halves.size() / channels * channels);
  headroom::wire::SliceHeader header;
  header.flags = static_cast<std::uint8_t>(dice.one_in(10) ? dice.below(256) : dice.below(2));
  header.start = static_cast<std::uint32_t>(dice.below(1U << 31U));
  header.count = static_cast<std::uint32_t>(halves.size() / channels);
  header.channels = channels;
  const auto bytes = headroom::wire::make_slice(header, halves);
  std::string frame(bytes.begin(), bytes.end());
  if (dice.one_in(4)) frame.replace(5, 4, fuzz::raw(header.count + 1));
  return frame;
}

std::string control(fuzz::Dice& dice, const std::string& text) {
  const auto size = static_cast<std::uint32_t>(text.size() + (dice.one_in(10) ? 1 : 0));
  return fuzz::raw(size) + text + (dice.one_in(2) ? fuzz::pcm(dice, 20) : "");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
  headroom::try_wire_frame({data, size});
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(std::uint8_t* data, size_t size, size_t most,
                                          unsigned seed) {
  fuzz::Dice dice(seed);
  switch (dice.below(6)) {
    case 0:
      return fuzz::put("P" + fuzz::pcm(dice, 100), data, most);
    case 1:
      return fuzz::put("S" + slice(dice), data, most);
    case 2:
      return fuzz::put("C" + control(dice, fuzz::message(dice, false)), data, most);
    case 3:  // the text of a control frame, changed, with its length
      if (size > 5 && data[0] == 'C') {
        const std::string_view rest(reinterpret_cast<const char*>(data) + 5, size - 5);
        std::uint32_t length = 0;
        std::memcpy(&length, data + 1, sizeof length);
        return fuzz::put("C" + control(dice, fuzz::changed(rest.substr(0, length), dice)), data,
                         most);
      }
      [[fallthrough]];
    default:
      return LLVMFuzzerMutate(data, size, most);
  }
}
