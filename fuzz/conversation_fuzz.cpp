#include "conversation_entry.h"
#include "structure.h"

namespace {

namespace fuzz = headroom::fuzz;

// One of the row that conversation_entry.h reads.
struct Frame {
  char kind = 'T';
  std::size_t number = 0;  // of P and W
  std::string body{};      // of all others
};

bool has_body(char kind) { return kind != 'P' && kind != 'W'; }

std::vector<Frame> read_row(std::string_view bytes) {
  std::vector<Frame> row;
  while (bytes.size() >= 3) {
    Frame frame{.kind = bytes[0] == 'T' || bytes[0] == 'P' || bytes[0] == 'W' ? bytes[0] : 'B'};
    frame.number = static_cast<std::uint8_t>(bytes[1]) |
                   static_cast<std::size_t>(static_cast<std::uint8_t>(bytes[2])) << 8U;
    bytes.remove_prefix(3);
    if (has_body(frame.kind)) {
      frame.body = bytes.substr(0, frame.number);
      bytes.remove_prefix(frame.body.size());
    }
    row.push_back(std::move(frame));
  }
  return row;
}

std::string write_row(const std::vector<Frame>& row) {
  std::string bytes;
  for (const auto& frame : row) {
    const auto number =
        has_body(frame.kind) ? std::min<std::size_t>(frame.body.size(), 65535) : frame.number;
    bytes += frame.kind + fuzz::raw(static_cast<std::uint16_t>(number));
    bytes += frame.body.substr(0, 65535);
  }
  return bytes;
}

Frame audio(fuzz::Dice& dice) {
  if (dice.one_in(3)) return {.kind = 'B', .number = 0, .body = fuzz::pcm(dice, 40)};
  // Around the shortest source; most of a second is what costs time here.
  return {.kind = 'P', .number = dice.one_in(4) ? dice.below(2000) : 47999 + dice.below(3)};
}

Frame new_frame(fuzz::Dice& dice, bool first) {
  if (first && !dice.one_in(10)) return {.body = fuzz::message(dice, true)};
  switch (dice.below(8)) {
    case 0:
      return audio(dice);
    case 1:
      return {.kind = 'W', .number = dice.one_in(3) ? 9990 + dice.below(20) : dice.below(65536)};
    default:
      return {.body = fuzz::message(dice, false)};
  }
}

void change(std::vector<Frame>& row, fuzz::Dice& dice) {
  if (row.empty()) row.push_back(new_frame(dice, true));
  const auto at = static_cast<std::ptrdiff_t>(dice.below(row.size()));
  auto& frame = row[static_cast<std::size_t>(at)];
  switch (dice.below(8)) {
    case 0:
      row.erase(row.begin() + at);
      break;
    case 1: {
      const auto copy = frame;
      row.insert(row.begin() + static_cast<std::ptrdiff_t>(dice.below(row.size() + 1)), copy);
      break;
    }
    case 2:
      std::swap(frame, dice.pick(row));
      break;
    case 3:
      row.insert(row.begin() + at + 1, audio(dice));
      break;
    case 4:
      if (has_body(frame.kind)) {
        frame.body = frame.kind == 'T' && !dice.one_in(3) ? fuzz::changed(frame.body, dice)
                                                          : fuzz::jumbled(frame.body, 4096);
        break;
      }
      [[fallthrough]];
    case 5:
      frame = new_frame(dice, at == 0);
      break;
    default:
      row.push_back(new_frame(dice, false));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
  headroom::try_conversation({data, size});
  return 0;
}

// Frame by frame, and now and then as libFuzzer would.
extern "C" size_t LLVMFuzzerCustomMutator(std::uint8_t* data, size_t size, size_t most,
                                          unsigned seed) {
  fuzz::Dice dice(seed);
  if (dice.one_in(8)) return LLVMFuzzerMutate(data, size, most);
  auto row = read_row({reinterpret_cast<const char*>(data), size});
  for (auto left = 1 + dice.below(3); left > 0; --left) change(row, dice);
  return fuzz::put(write_row(row), data, most);
}

// The beginning of one row and the end of another.
extern "C" size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* one, size_t one_size,
                                            const std::uint8_t* other, size_t other_size,
                                            std::uint8_t* out, size_t most, unsigned seed) {
  fuzz::Dice dice(seed);
  auto row = read_row({reinterpret_cast<const char*>(one), one_size});
  const auto more = read_row({reinterpret_cast<const char*>(other), other_size});
  row.resize(dice.below(row.size() + 1));
  const auto from = static_cast<std::ptrdiff_t>(dice.below(more.size() + 1));
  row.insert(row.end(), more.begin() + from, more.end());
  return fuzz::put(write_row(row), out, most);
}
