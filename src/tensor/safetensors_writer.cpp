#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "tensor/checked_size.h"
#include "tensor/checkpoint.h"
#include "tensor/safetensors.h"

namespace headroom {

struct SafetensorsWriter::State {
  explicit State(const std::filesystem::path& target) : file(target) {}

  PendingFile file;
  std::ofstream stream;
  std::vector<TensorEntry> entries;
  std::set<std::string, std::less<>> names;
  std::map<std::string, std::string> metadata;
  std::uint64_t end = 0;
  size_t next = 0;  // the entry that write() expects
  bool header_written = false;
  bool finished = false;

  [[noreturn]] void fail(std::string_view what, ErrorKind kind = ErrorKind::output) const {
    throw Error(kind, fmt::format("{}: {}", file.target().string(), what));
  }

  void expect_open(bool before_data) const {
    if (finished || (before_data && header_written)) {
      fail("the writer was used out of order", ErrorKind::internal);
    }
  }

  void check_text(std::string_view text) const {
    if (find_invalid_utf8(text) != std::string_view::npos) {
      fail(fmt::format("the name \"{}\" is not UTF-8", printable(text)));
    }
  }

  void put(const void* bytes, std::uint64_t size) {
    stream.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(size));
    if (!stream) fail(fmt::format("cannot be written: {}", std::strerror(errno)));
  }

  void write_header();
};

void SafetensorsWriter::State::write_header() {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (!metadata.empty()) json["__metadata__"] = metadata;
  std::string text = json.dump();
  text.pop_back();  // the entries go in one by one: ordered_json looks up keys linearly
  for (const auto& entry : entries) {
    if (text.size() > 1) text += ',';
    text += fmt::format(R"({}:{{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})",
                        nlohmann::json(entry.name).dump(), safetensors_name(entry.dtype),
                        nlohmann::json(entry.shape).dump(), entry.begin, entry.end);
  }
  text += '}';
  while (text.size() % 8 != 0) text += ' ';  // so that the data begins aligned
  const std::uint64_t length = text.size();
  if (length > kLongestSafetensorsHeader) {
    fail(fmt::format("a header of {} bytes is more than the format's {}", length,
                     kLongestSafetensorsHeader));
  }
  stream.open(file.path(), std::ios::binary | std::ios::trunc);
  if (!stream) fail(fmt::format("cannot be written: {}", std::strerror(errno)));
  put(&length, sizeof(length));
  put(text.data(), length);
  header_written = true;
}

SafetensorsWriter::SafetensorsWriter(const std::filesystem::path& target)
    : state_(std::make_unique<State>(target)) {}

SafetensorsWriter::~SafetensorsWriter() = default;

void SafetensorsWriter::metadata(const std::string& key, const std::string& value) {
  state_->expect_open(true);
  state_->check_text(key);
  state_->check_text(value);
  state_->metadata[key] = value;
}

void SafetensorsWriter::add(const std::string& name, at::ScalarType dtype,
                            std::vector<std::int64_t> shape) {
  state_->expect_open(true);
  state_->check_text(name);
  if (name == "__metadata__") state_->fail("a tensor may not be called __metadata__");
  if (shape.size() > kMostDimensions) {
    state_->fail(
        fmt::format("tensor \"{}\" has more than {} dimensions", printable(name), kMostDimensions));
  }
  safetensors_name(dtype);  // refuses dtypes that the format does not have
  const auto bytes = checked_bytes(shape, c10::elementSize(dtype));
  if (!bytes) {
    state_->fail(
        fmt::format("tensor \"{}\" cannot have the shape {}", printable(name), shape_text(shape)));
  }
  if (!state_->names.insert(name).second) {
    state_->fail(fmt::format("tensor \"{}\" was added twice", printable(name)));
  }
  TensorEntry entry{name, dtype, std::move(shape), state_->end, state_->end + *bytes};
  state_->end = entry.end;
  state_->entries.push_back(std::move(entry));
}

void SafetensorsWriter::write(const at::Tensor& tensor) {
  state_->expect_open(false);
  if (state_->next == state_->entries.size()) {
    state_->fail("a tensor was written that was not added", ErrorKind::internal);
  }
  if (!state_->header_written) state_->write_header();
  const auto& entry = state_->entries[state_->next];
  if (tensor.scalar_type() != entry.dtype || tensor.sizes() != at::IntArrayRef(entry.shape)) {
    state_->fail(
        fmt::format("tensor \"{}\" was added as {} {} and written as {} {}", printable(entry.name),
                    safetensors_name(entry.dtype), shape_text(entry.shape),
                    c10::toString(tensor.scalar_type()), shape_text(tensor.sizes())),
        ErrorKind::internal);
  }
  const auto plain = tensor.to(at::kCPU).contiguous();
  if (entry.bytes() > 0) state_->put(plain.data_ptr(), entry.bytes());
  ++state_->next;
}

void SafetensorsWriter::finish() {
  state_->expect_open(false);
  if (state_->next != state_->entries.size()) {
    state_->fail(
        fmt::format("finished after {} of {} tensors", state_->next, state_->entries.size()),
        ErrorKind::internal);
  }
  if (!state_->header_written) state_->write_header();
  state_->stream.close();
  if (!state_->stream) state_->fail(fmt::format("cannot be written: {}", std::strerror(errno)));
  state_->finished = true;
  state_->file.commit();
}

void save_safetensors(const std::filesystem::path& target,
                      const std::map<std::string, at::Tensor>& tensors,
                      const std::map<std::string, std::string>& metadata) {
  // Wide elements first: every tensor then begins at a multiple of its element size.
  std::vector<const std::pair<const std::string, at::Tensor>*> order;
  order.reserve(tensors.size());
  for (const auto& item : tensors) order.push_back(&item);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return a->second.element_size() > b->second.element_size();
  });
  SafetensorsWriter writer(target);
  for (const auto& [key, value] : metadata) writer.metadata(key, value);
  for (const auto* item : order) {
    writer.add(item->first, item->second.scalar_type(), item->second.sizes().vec());
  }
  for (const auto* item : order) writer.write(item->second);
  writer.finish();
}

}  // namespace headroom
