#include "tensor/torch_pickle.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/error.h"
#include "tensor/checked_size.h"
#include "tensor/checkpoint.h"
#include "tensor/safetensors.h"

namespace headroom {
namespace {

// Opcodes of pickle protocol 2, and the short string of protocol 4.
enum Opcode : std::uint8_t {
  kMark = '(',
  kStop = '.',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kBinPersId = 'Q',
  kReduce = 'R',
  kBinUnicode = 'X',
  kGlobal = 'c',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kTuple = 't',
  kEmptyTuple = ')',
  kProto = 0x80,
  kTuple1 = 0x85,
  kTuple3 = 0x87,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
  kShortBinUnicode = 0x8c,
};

struct Storage {
  std::string_view name;
  at::ScalarType dtype;
};

constexpr std::array kStorages{
    Storage{"FloatStorage", at::kFloat}, Storage{"DoubleStorage", at::kDouble},
    Storage{"HalfStorage", at::kHalf}, Storage{"BFloat16Storage", at::kBFloat16}};

class PickleMatcher {
 public:
  PickleMatcher(std::span<const std::uint8_t> bytes, const std::string& label)
      : bytes_(bytes), label_(label) {}

  PickledTensor match();

 private:
  [[noreturn]] void fail(std::string_view what) const {
    throw Error(ErrorKind::checkpoint, fmt::format("{}: {}", label_, what));
  }
  [[noreturn]] void mismatch(std::string_view expected) const {
    fail(fmt::format("the pickle is not that of one tensor: {} expected at its byte {}", expected,
                     at_));
  }

  std::uint8_t peek() const { return at_ < bytes_.size() ? bytes_[at_] : 0; }
  void expect(Opcode opcode, std::string_view what) {
    if (at_ >= bytes_.size() || bytes_[at_] != opcode) mismatch(what);
    ++at_;
  }
  std::uint64_t number(unsigned width);
  std::string_view text(std::uint64_t size);
  std::string_view line();
  void skip_memo();
  void expect_global(std::string_view module, std::string_view name);
  std::string_view string();
  std::optional<std::int64_t> integer();
  std::int64_t size(std::string_view what);
  std::vector<std::int64_t> sizes(std::string_view what);
  void storage(PickledTensor& tensor);
  void check_strides(const std::vector<std::int64_t>& shape);

  std::span<const std::uint8_t> bytes_;
  const std::string& label_;
  size_t at_ = 0;
  std::int64_t storage_size_ = 0;
};

std::uint64_t PickleMatcher::number(unsigned width) {
  if (bytes_.size() - at_ < width) mismatch("a number");
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) value |= std::uint64_t{bytes_[at_ + i]} << (8 * i);
  at_ += width;
  return value;
}

std::string_view PickleMatcher::text(std::uint64_t size) {
  if (bytes_.size() - at_ < size) mismatch("a whole string");
  const std::string_view text(reinterpret_cast<const char*>(bytes_.data()) + at_,
                              static_cast<size_t>(size));
  at_ += static_cast<size_t>(size);
  return text;
}

std::string_view PickleMatcher::line() {
  const auto end = std::find(bytes_.begin() + static_cast<std::ptrdiff_t>(at_), bytes_.end(), '\n');
  if (end == bytes_.end()) mismatch("a whole line");
  const auto line = text(static_cast<std::uint64_t>(end - bytes_.begin()) - at_);
  ++at_;
  return line;
}

// Nothing is ever fetched from the memo, so what is stored there does not matter.
void PickleMatcher::skip_memo() {
  while (at_ < bytes_.size() && (bytes_[at_] == kBinPut || bytes_[at_] == kLongBinPut)) {
    const unsigned width = bytes_[at_] == kBinPut ? 1 : 4;
    ++at_;
    number(width);
  }
}

void PickleMatcher::expect_global(std::string_view module, std::string_view name) {
  expect(kGlobal, fmt::format("{}.{}", module, name));
  const auto found_module = line();
  const auto found_name = line();
  if (found_module != module || found_name != name) {
    fail(fmt::format("the pickle calls {}.{} where one tensor has {}.{}; save a plain tensor",
                     printable(found_module, 60), printable(found_name, 60), module, name));
  }
  skip_memo();
}

std::string_view PickleMatcher::string() {
  const bool brief = peek() == kShortBinUnicode;
  if (!brief && peek() != kBinUnicode) mismatch("a string");
  ++at_;
  const auto value = text(number(brief ? 1 : 4));
  skip_memo();
  return value;
}

// The integer here, or nothing when another opcode stands here.
std::optional<std::int64_t> PickleMatcher::integer() {
  switch (peek()) {
    case kBinInt1:
      ++at_;
      return static_cast<std::int64_t>(number(1));
    case kBinInt2:
      ++at_;
      return static_cast<std::int64_t>(number(2));
    case kBinInt:
      ++at_;
      return static_cast<std::int32_t>(number(4));
    case kLong1: {
      ++at_;
      const auto width = static_cast<unsigned>(number(1));
      if (width > 8) mismatch("an integer of at most 64 bits");
      const auto value = number(width);
      const unsigned unused = 64 - 8 * width;  // shifted out and in again to extend the sign
      return width == 0 ? 0 : static_cast<std::int64_t>(value << unused) >> unused;
    }
    default:
      return std::nullopt;
  }
}

std::int64_t PickleMatcher::size(std::string_view what) {
  const auto value = integer();
  if (!value) mismatch(what);
  if (*value < 0) fail(fmt::format("the pickle says {} for {}", *value, what));
  return *value;
}

std::vector<std::int64_t> PickleMatcher::sizes(std::string_view what) {
  std::vector<std::int64_t> values;
  if (peek() == kEmptyTuple) {
    ++at_;
  } else {
    const bool marked = peek() == kMark;
    if (marked) ++at_;
    while (const auto value = integer()) {
      if (*value < 0) fail(fmt::format("the pickle says {} in {}", *value, what));
      if (values.size() == kMostDimensions) {
        fail(fmt::format("the tensor has more than {} dimensions", kMostDimensions));
      }
      values.push_back(*value);
    }
    const bool brief = !marked && !values.empty() && values.size() <= 3;
    if (!marked && !brief) mismatch(what);
    // TUPLE1, TUPLE2 and TUPLE3 follow each other.
    expect(marked ? kTuple : static_cast<Opcode>(kTuple1 + values.size() - 1), what);
  }
  skip_memo();
  return values;
}

// ('storage', torch.FloatStorage, '0', 'cpu', number of elements), by persistent id.
void PickleMatcher::storage(PickledTensor& tensor) {
  expect(kMark, "a storage");
  if (string() != "storage") mismatch("'storage'");
  expect(kGlobal, "a storage type");
  const auto module = line();
  const auto name = line();
  const auto* found = std::find_if(kStorages.begin(), kStorages.end(),
                                   [&](const Storage& storage) { return storage.name == name; });
  if (module != "torch" || found == kStorages.end()) {
    fail(
        fmt::format("storage type {}.{} is not supported; float32, float64, float16 and bfloat16 "
                    "are",
                    printable(module, 60), printable(name, 60)));
  }
  tensor.dtype = found->dtype;
  skip_memo();
  if (string() != kStorageKey) mismatch("the storage '0'");
  string();  // the device that it was on
  storage_size_ = size("the storage size");
  expect(kTuple, "the end of the storage");
  skip_memo();
  expect(kBinPersId, "a persistent id");
  skip_memo();
}

// The stride of a dimension of one element, or of a tensor without elements, means nothing.
void PickleMatcher::check_strides(const std::vector<std::int64_t>& shape) {
  const auto strides = sizes("the strides");
  if (strides.size() != shape.size()) fail("the tensor has not as many strides as sizes");
  std::int64_t expected = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    if (shape[i] > 1 && storage_size_ > 0 && strides[i] != expected) {
      fail(fmt::format("the tensor is not contiguous: shape {}, strides {}; save a contiguous copy",
                       shape_text(shape), shape_text(strides)));
    }
    if (shape[i] > 0) expected *= shape[i];
  }
}

PickledTensor PickleMatcher::match() {
  PickledTensor tensor;
  expect(kProto, "a pickle protocol");
  if (const auto protocol = number(1); protocol < 2 || protocol > 4) mismatch("protocol 2");
  expect_global("torch._utils", "_rebuild_tensor_v2");
  expect(kMark, "the arguments of the tensor");
  storage(tensor);
  if (size("the storage offset") != 0) fail("the tensor is a part of its storage; save a clone");
  tensor.shape = sizes("the shape");
  const auto bytes = checked_bytes(tensor.shape, c10::elementSize(tensor.dtype));
  if (!bytes) fail(fmt::format("the shape {} is too large", shape_text(tensor.shape)));
  if (*bytes / c10::elementSize(tensor.dtype) != static_cast<std::uint64_t>(storage_size_)) {
    fail(fmt::format("the shape {} does not fill a storage of {} elements; save a clone",
                     shape_text(tensor.shape), storage_size_));
  }
  check_strides(tensor.shape);
  expect(kNewFalse, "requires_grad False");
  expect_global("collections", "OrderedDict");
  expect(kEmptyTuple, "an empty OrderedDict");
  expect(kReduce, "an empty OrderedDict");
  skip_memo();
  expect(kTuple, "the end of the arguments");
  skip_memo();
  expect(kReduce, "the tensor");
  skip_memo();
  expect(kStop, "the end");
  if (at_ != bytes_.size()) fail("the pickle goes on after its end");
  return tensor;
}

void put_number(std::string& out, std::uint64_t value, unsigned width) {
  for (unsigned i = 0; i < width; ++i) out += static_cast<char>(value >> (8 * i));
}

void put_string(std::string& out, std::string_view text) {
  out += static_cast<char>(kBinUnicode);
  put_number(out, text.size(), 4);
  out += text;
}

void put_integer(std::string& out, std::int64_t value) {
  if (value < 0x100) {
    out += static_cast<char>(kBinInt1);
    put_number(out, static_cast<std::uint64_t>(value), 1);
  } else if (value <= 0x7FFFFFFF) {
    out += static_cast<char>(kBinInt);
    put_number(out, static_cast<std::uint64_t>(value), 4);
  } else {
    out += static_cast<char>(kLong1);
    put_number(out, 8, 1);
    put_number(out, static_cast<std::uint64_t>(value), 8);
  }
}

void put_sizes(std::string& out, at::IntArrayRef sizes) {
  out += static_cast<char>(kMark);
  for (const auto size : sizes) put_integer(out, size);
  out += static_cast<char>(kTuple);
}

}  // namespace

PickledTensor read_torch_pickle(std::span<const std::uint8_t> pickle, const std::string& label) {
  return PickleMatcher(pickle, label).match();
}

bool torch_pickle_has(at::ScalarType dtype) {
  return std::any_of(kStorages.begin(), kStorages.end(),
                     [&](const Storage& storage) { return storage.dtype == dtype; });
}

std::string write_torch_pickle(const at::Tensor& tensor) {
  const auto* storage = std::find_if(kStorages.begin(), kStorages.end(), [&](const Storage& known) {
    return known.dtype == tensor.scalar_type();
  });
  if (storage == kStorages.end()) {
    throw Error(ErrorKind::internal, "a torch pickle of a dtype without a storage type");
  }
  std::string out{static_cast<char>(kProto), 2};
  out += "ctorch._utils\n_rebuild_tensor_v2\n((";
  put_string(out, "storage");
  out += fmt::format("ctorch\n{}\n", storage->name);
  put_string(out, kStorageKey);
  put_string(out, "cpu");
  put_integer(out, tensor.numel());
  out += "tQ";
  put_integer(out, 0);
  put_sizes(out, tensor.sizes());
  put_sizes(out, tensor.strides());
  out += static_cast<char>(kNewFalse);
  out += "ccollections\nOrderedDict\n)RtR.";
  return out;
}

}  // namespace headroom
