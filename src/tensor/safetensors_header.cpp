#include "tensor/safetensors_header.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "tensor/checked_size.h"

namespace headroom {
namespace {

struct DtypeName {
  std::string_view name;
  at::ScalarType dtype;
};

constexpr std::array kDtypes{DtypeName{"F64", at::kDouble}, DtypeName{"F32", at::kFloat},
                             DtypeName{"F16", at::kHalf},   DtypeName{"BF16", at::kBFloat16},
                             DtypeName{"I64", at::kLong},   DtypeName{"I32", at::kInt},
                             DtypeName{"I16", at::kShort},  DtypeName{"I8", at::kChar},
                             DtypeName{"U8", at::kByte},    DtypeName{"BOOL", at::kBool}};

constexpr std::string_view kMetadataKey = "__metadata__";
constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();

// Receives the events of nlohmann's parser. `place_` is where in the fixed shape of a header the
// reader stands; an event that does not belong there ends the reading.
class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  HeaderReader(SafetensorsHeader& header, const std::string& label)
      : header_(header), label_(label) {}

  bool null() override { unexpected("null"); }
  bool boolean(bool) override { unexpected("a boolean"); }
  bool binary(binary_t&) override { unexpected("binary data"); }
  bool number_integer(number_integer_t value) override { unexpected(fmt::format("{}", value)); }
  bool number_float(number_float_t, const string_t& text) override { unexpected(printable(text)); }
  bool number_unsigned(number_unsigned_t value) override;
  bool string(string_t& value) override;
  bool start_object(size_t) override;
  bool key(string_t& value) override;
  bool end_object() override;
  bool start_array(size_t) override;
  bool end_array() override;
  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception&) override {
    fail(fmt::format("the header is not valid JSON at its byte {}", position));
  }

 private:
  enum class Place { before, names, metadata, entry, shape, offsets, after };
  enum class Field { none, dtype, shape, offsets };

  [[noreturn]] void fail(std::string_view what) const {
    throw Error(ErrorKind::checkpoint, fmt::format("{}: {}", label_, what));
  }
  [[noreturn]] void fail_tensor(std::string_view what) const {
    fail(fmt::format("tensor \"{}\": {}", printable(entry_.name), what));
  }
  [[noreturn]] void unexpected(std::string_view what) const;
  void begin_field(const std::string& name);
  void set_dtype(const std::string& name);
  void finish_entry();

  SafetensorsHeader& header_;
  const std::string& label_;
  Place place_ = Place::before;
  Field field_ = Field::none;
  TensorEntry entry_{};
  std::string metadata_key_;
  bool has_metadata_ = false;
  bool in_metadata_name_ = false;
  bool has_dtype_ = false;
  bool has_shape_ = false;
  bool has_offsets_ = false;
  size_t offsets_ = 0;
};

void HeaderReader::unexpected(std::string_view what) const {
  switch (place_) {
    case Place::before:
    case Place::after:
      fail(fmt::format("the header must be one JSON object, not {}", what));
    case Place::names:
      if (in_metadata_name_) fail(fmt::format("__metadata__ must be an object, not {}", what));
      fail_tensor(fmt::format("must be an object, not {}", what));
    case Place::metadata:
      fail(fmt::format("metadata \"{}\" must be a string, not {}", printable(metadata_key_), what));
    case Place::entry:
      if (field_ == Field::dtype) fail_tensor(fmt::format("dtype must be a string, not {}", what));
      if (field_ == Field::shape) fail_tensor(fmt::format("shape must be an array, not {}", what));
      fail_tensor(fmt::format("data_offsets must be an array, not {}", what));
    case Place::shape:
      fail_tensor(fmt::format("shape holds {}, which is not a size", what));
    case Place::offsets:
      fail_tensor(fmt::format("data_offsets holds {}, which is not a byte offset", what));
  }
  throw Error(ErrorKind::internal, "a place in the header without a message");
}

bool HeaderReader::number_unsigned(number_unsigned_t value) {
  if (place_ == Place::shape) {
    if (value > kLargest) unexpected(fmt::format("{}", value));
    if (entry_.shape.size() == kMostDimensions) {
      fail_tensor(fmt::format("has more than {} dimensions", kMostDimensions));
    }
    entry_.shape.push_back(static_cast<std::int64_t>(value));
  } else if (place_ == Place::offsets) {
    if (value > kLargest) unexpected(fmt::format("{}", value));
    if (offsets_ == 2) fail_tensor("data_offsets must be two numbers, there are more");
    (offsets_++ == 0 ? entry_.begin : entry_.end) = value;
  } else {
    unexpected(fmt::format("{}", value));
  }
  return true;
}

bool HeaderReader::string(string_t& value) {
  if (place_ == Place::metadata) {
    if (!header_.metadata.emplace(metadata_key_, std::move(value)).second) {
      fail(fmt::format("metadata \"{}\" is there twice", printable(metadata_key_)));
    }
  } else if (place_ == Place::entry && field_ == Field::dtype) {
    set_dtype(value);
  } else {
    unexpected(fmt::format("the string \"{}\"", printable(value, 40)));
  }
  return true;
}

bool HeaderReader::start_object(size_t) {
  if (place_ == Place::before) {
    place_ = Place::names;
  } else if (place_ == Place::names) {
    place_ = in_metadata_name_ ? Place::metadata : Place::entry;
    field_ = Field::none;
  } else {
    unexpected("an object");
  }
  return true;
}

bool HeaderReader::key(string_t& value) {
  if (place_ == Place::metadata) {
    metadata_key_ = value;
  } else if (place_ == Place::entry) {
    begin_field(value);
  } else {
    in_metadata_name_ = value == kMetadataKey;
    if (in_metadata_name_ && std::exchange(has_metadata_, true))
      fail("__metadata__ is there twice");
    entry_ = TensorEntry{};
    entry_.name = value;
    has_dtype_ = has_shape_ = has_offsets_ = false;
    offsets_ = 0;
    if (!in_metadata_name_ && !header_.index.emplace(value, header_.entries.size()).second) {
      fail_tensor("is there twice");
    }
  }
  return true;
}

void HeaderReader::begin_field(const std::string& name) {
  bool* seen = nullptr;
  if (name == "dtype") {
    field_ = Field::dtype;
    seen = &has_dtype_;
  } else if (name == "shape") {
    field_ = Field::shape;
    seen = &has_shape_;
  } else if (name == "data_offsets") {
    field_ = Field::offsets;
    seen = &has_offsets_;
  } else {
    fail_tensor(fmt::format("has a field \"{}\", which the format does not know", printable(name)));
  }
  if (std::exchange(*seen, true)) fail_tensor(fmt::format("has {} twice", name));
}

void HeaderReader::set_dtype(const std::string& name) {
  const auto* found = std::find_if(kDtypes.begin(), kDtypes.end(),
                                   [&](const DtypeName& dtype) { return dtype.name == name; });
  if (found == kDtypes.end()) {
    fail_tensor(fmt::format(
        "dtype \"{}\" is not supported; F64, F32, F16, BF16, I64, I32, I16, I8, U8 and BOOL are",
        printable(name, 40)));
  }
  entry_.dtype = found->dtype;
}

bool HeaderReader::start_array(size_t) {
  if (place_ != Place::entry || (field_ != Field::shape && field_ != Field::offsets)) {
    unexpected("an array");
  }
  place_ = field_ == Field::shape ? Place::shape : Place::offsets;
  return true;
}

bool HeaderReader::end_array() {
  if (place_ == Place::offsets && offsets_ != 2) {
    fail_tensor(fmt::format("data_offsets must be two numbers, there are {}", offsets_));
  }
  place_ = Place::entry;
  return true;
}

bool HeaderReader::end_object() {
  if (place_ == Place::entry) finish_entry();
  place_ = place_ == Place::names ? Place::after : Place::names;
  return true;
}

void HeaderReader::finish_entry() {
  if (!has_dtype_) fail_tensor("has no dtype");
  if (!has_shape_) fail_tensor("has no shape");
  if (!has_offsets_) fail_tensor("has no data_offsets");
  if (entry_.begin > entry_.end) {
    fail_tensor(fmt::format("data_offsets are reversed: {} > {}", entry_.begin, entry_.end));
  }
  const auto bytes = checked_bytes(entry_.shape, c10::elementSize(entry_.dtype));
  if (!bytes) fail_tensor("shape is too large for any memory");
  if (*bytes != entry_.bytes()) {
    fail_tensor(fmt::format("shape and dtype need {} bytes, but data_offsets span {}", *bytes,
                            entry_.bytes()));
  }
  header_.entries.push_back(std::move(entry_));
}

// Orders the entries by place and checks that they tile the data section exactly.
void check_layout(SafetensorsHeader& header, std::uint64_t data_size, const std::string& label) {
  const auto fail = [&](std::string_view what) {
    throw Error(ErrorKind::checkpoint, fmt::format("{}: {}", label, what));
  };
  auto& entries = header.entries;
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t expected = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& entry = entries[i];
    const auto name = printable(entry.name);
    if (entry.end > data_size) {
      fail(
          fmt::format("tensor \"{}\" ends at data byte {}, but the file has {}; it is cut short, "
                      "download it again",
                      name, entry.end, data_size));
    }
    if (entry.begin < expected) {
      fail(fmt::format("tensor \"{}\" overlaps \"{}\" at data byte {}", name,
                       printable(entries[i - 1].name), entry.begin));
    }
    if (entry.begin > expected) {
      fail(fmt::format("a gap of {} bytes before tensor \"{}\"", entry.begin - expected, name));
    }
    expected = entry.end;
    header.index.find(entry.name)->second = i;
  }
  if (expected != data_size) {
    fail(fmt::format("{} bytes after the last tensor that belong to none", data_size - expected));
  }
}

}  // namespace

std::string_view safetensors_name(at::ScalarType dtype) {
  for (const auto& known : kDtypes) {
    if (known.dtype == dtype) return known.name;
  }
  throw Error(ErrorKind::internal,
              fmt::format("safetensors has no name for dtype {}", c10::toString(dtype)));
}

SafetensorsHeader read_safetensors_header(std::string_view json, std::uint64_t data_size,
                                          const std::string& label) {
  SafetensorsHeader header;
  HeaderReader reader(header, label);
  if (json.empty() || json.front() != '{') {
    throw Error(
        ErrorKind::checkpoint,
        fmt::format("{}: the header does not begin with '{{'; this is not a safetensors file",
                    label));
  }
  // The parser takes a NUL for the end of the text and ignores what follows.
  if (const auto nul = json.find('\0'); nul != std::string_view::npos) {
    throw Error(ErrorKind::checkpoint,
                fmt::format("{}: the header is not valid JSON at its byte {}", label, nul + 1));
  }
  nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
  check_layout(header, data_size, label);
  return header;
}

}  // namespace headroom
