#include "tensor/torch_archive.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "base/error.h"
#include "base/pending_file.h"
#include "base/text.h"
#include "tensor/torch_pickle.h"
#include "tensor/zip_store.h"

namespace headroom {
namespace {

constexpr std::uint64_t kLongestArchive = 1ULL << 30U;
constexpr std::string_view kPickleName = "/data.pkl";

[[noreturn]] void fail(const std::string& label, std::string_view what) {
  throw Error(ErrorKind::checkpoint, fmt::format("{}: {}", label, what));
}

std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// The folder that all entries of the archive are in.
std::string root_of(const ZipReader& zip, const std::string& label) {
  for (const auto& name : zip.names()) {
    const auto slash = name.find('/');
    if (slash != std::string::npos && name.substr(slash) == kPickleName) {
      return name.substr(0, slash);
    }
  }
  fail(label, "no data.pkl in the archive; this is not a file of torch.save");
}

}  // namespace

at::Tensor parse_torch_tensor(std::span<const std::uint8_t> bytes, const std::string& label) {
  const ZipReader zip(bytes, label);
  const auto root = root_of(zip, label);
  const auto tensor = read_torch_pickle(zip.entry(root + std::string(kPickleName)), label);
  if (zip.has(root + "/byteorder")) {
    const auto order = zip.entry(root + "/byteorder");
    if (!std::ranges::equal(order, as_bytes("little"))) fail(label, "the data is big-endian");
  }
  const auto data = zip.entry(fmt::format("{}/data/{}", root, kStorageKey));
  // The shape was checked to fit into 63 bits; only now is memory taken by it.
  auto numel = static_cast<std::uint64_t>(c10::multiply_integers(tensor.shape));
  if (data.size() != numel * c10::elementSize(tensor.dtype)) {
    fail(label, fmt::format("the storage has {} bytes, the tensor needs {}", data.size(),
                            numel * c10::elementSize(tensor.dtype)));
  }
  auto result = at::empty(tensor.shape, tensor.dtype);
  if (!data.empty()) std::memcpy(result.data_ptr(), data.data(), data.size());
  return result;
}

at::Tensor load_torch_tensor(const std::filesystem::path& path) {
  std::string bytes;
  try {
    bytes = read_text_file(path, kLongestArchive);
  } catch (const Error& error) {
    throw Error(ErrorKind::checkpoint, error.what());
  }
  return parse_torch_tensor(as_bytes(bytes), path.string());
}

void save_torch_tensor(const std::filesystem::path& target, const at::Tensor& tensor) {
  const auto fail_output = [&](std::string_view what) {
    throw Error(ErrorKind::output, fmt::format("{}: {}", target.string(), what));
  };
  if (!torch_pickle_has(tensor.scalar_type())) {
    fail_output(fmt::format("dtype {} cannot be written, only floating-point dtypes",
                            c10::toString(tensor.scalar_type())));
  }
  if (tensor.nbytes() > kLongestArchive / 2) {
    fail_output(fmt::format("a tensor of {} is too large for such an archive; use safetensors",
                            human_bytes(tensor.nbytes())));
  }
  const auto plain = tensor.to(at::kCPU).contiguous();
  ZipWriter zip;
  zip.add("archive/data.pkl", as_bytes(write_torch_pickle(plain)));
  zip.add("archive/byteorder", as_bytes("little"));
  zip.add("archive/data/0", {static_cast<const std::uint8_t*>(plain.data_ptr()), plain.nbytes()});
  zip.add("archive/version", as_bytes("3\n"));
  const auto bytes = zip.finish();

  PendingFile file(target);
  std::ofstream stream(file.path(), std::ios::binary | std::ios::trunc);
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  stream.close();
  if (!stream) fail_output(fmt::format("cannot be written: {}", std::strerror(errno)));
  file.commit();
}

}  // namespace headroom
