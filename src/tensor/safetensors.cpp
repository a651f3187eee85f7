#include "tensor/safetensors.h"

#include <bit>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "tensor/safetensors_header.h"

namespace headroom {
namespace {

constexpr size_t kLengthField = 8;  // bytes before the JSON header: its length

static_assert(std::endian::native == std::endian::little, "safetensors data is little-endian");

[[noreturn]] void fail(const std::string& label, std::string_view what) {
  throw Error(ErrorKind::checkpoint, fmt::format("{}: {}", label, what));
}

// A read-only private mapping of a whole regular file.
class Mapping {
 public:
  explicit Mapping(const std::filesystem::path& path) {
    // O_NONBLOCK: opening a pipe must not wait for somebody to write to it.
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) fail(path.string(), errno == ENOENT ? "no such file" : std::strerror(errno));
    try {
      map(fd, path.string());
    } catch (...) {
      ::close(fd);
      throw;
    }
    ::close(fd);
  }
  ~Mapping() {
    if (bytes_ != nullptr) ::munmap(bytes_, size_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  const std::uint8_t* bytes() const { return static_cast<const std::uint8_t*>(bytes_); }
  size_t size() const { return size_; }

 private:
  void map(int fd, const std::string& label) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) fail(label, std::strerror(errno));
    if (!S_ISREG(info.st_mode)) fail(label, "not a regular file");
    size_ = static_cast<size_t>(info.st_size);
    if (size_ == 0) fail(label, "the file is empty");
    void* bytes = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
      fail(label, fmt::format("cannot be mapped: {}", std::strerror(errno)));
    }
    bytes_ = bytes;
  }

  void* bytes_ = nullptr;
  size_t size_ = 0;
};

// Splits a file into header text and data; only the length field is checked here.
std::string_view header_text(const std::uint8_t* bytes, size_t size, const std::string& label) {
  if (size < kLengthField) {
    fail(label, fmt::format("{} bytes are too few for a safetensors file", size));
  }
  std::uint64_t length = 0;
  std::memcpy(&length, bytes, kLengthField);
  if (length > kLongestSafetensorsHeader) {
    fail(label, fmt::format("a header of {} bytes is more than the {} allowed; this is not a "
                            "safetensors file, or it is damaged",
                            length, kLongestSafetensorsHeader));
  }
  if (length > size - kLengthField) {
    fail(label,
         fmt::format("a header of {} bytes, but the file has only {} after its length; it is "
                     "cut short, download it again",
                     length, size - kLengthField));
  }
  return {reinterpret_cast<const char*>(bytes) + kLengthField, static_cast<size_t>(length)};
}

}  // namespace

struct SafetensorsFile::State {
  std::filesystem::path path;
  std::unique_ptr<const Mapping> mapping;  // none for bytes that the caller keeps
  SafetensorsHeader header;
  const std::uint8_t* data = nullptr;

  void read(const std::uint8_t* bytes, size_t size, const std::string& label) {
    const auto text = header_text(bytes, size, label);
    const size_t before_data = kLengthField + text.size();
    data = bytes + before_data;
    header = read_safetensors_header(text, size - before_data, label);
  }
};

SafetensorsFile::SafetensorsFile(std::shared_ptr<const State> state) : state_(std::move(state)) {}

SafetensorsFile SafetensorsFile::open(const std::filesystem::path& path) {
  auto state = std::make_shared<State>();
  state->path = path;
  state->mapping = std::make_unique<Mapping>(path);
  state->read(state->mapping->bytes(), state->mapping->size(), path.string());
  return SafetensorsFile(std::move(state));
}

SafetensorsFile SafetensorsFile::parse(const std::uint8_t* bytes, size_t size,
                                       const std::string& label) {
  auto state = std::make_shared<State>();
  state->path = label;
  state->read(bytes, size, label);
  return SafetensorsFile(std::move(state));
}

const std::filesystem::path& SafetensorsFile::path() const { return state_->path; }

const std::vector<TensorEntry>& SafetensorsFile::entries() const { return state_->header.entries; }

const std::map<std::string, std::string>& SafetensorsFile::metadata() const {
  return state_->header.metadata;
}

const TensorEntry* SafetensorsFile::find(std::string_view name) const {
  const auto found = state_->header.index.find(name);
  return found == state_->header.index.end() ? nullptr : &state_->header.entries[found->second];
}

at::Tensor SafetensorsFile::tensor(std::string_view name) const {
  const auto* entry = find(name);
  if (entry == nullptr) {
    fail(path().string(), fmt::format("no tensor \"{}\"", printable(name)));
  }
  if (entry->bytes() == 0) return at::empty(entry->shape, entry->dtype);
  // The mapping is read-only; from_blob wants a mutable pointer all the same.
  auto* bytes = const_cast<std::uint8_t*>(state_->data + entry->begin);
  if (entry->dtype == at::kBool) {
    // A bool that is neither 0 nor 1 is undefined behaviour in whoever reads it.
    return at::from_blob(bytes, entry->shape, at::kByte).ne(0);
  }
  if (reinterpret_cast<std::uintptr_t>(bytes) % c10::elementSize(entry->dtype) != 0) {
    auto copy = at::empty(entry->shape, entry->dtype);
    std::memcpy(copy.data_ptr(), bytes, entry->bytes());
    return copy;
  }
  return at::from_blob(
      bytes, entry->shape, [keep = state_](void*) {}, at::TensorOptions(entry->dtype));
}

}  // namespace headroom
