// Archives of one tensor, against PyTorch's own reader and writer.
#include "tensor/torch_archive.h"

#include <gtest/gtest.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include "expect_error.h"
#include "temp_folder.h"
#include "tensor/torch_pickle.h"
#include "tensor/zip_store.h"

namespace headroom {
namespace {

std::vector<at::Tensor> samples() {
  std::vector<at::Tensor> tensors;
  for (const auto dtype : {at::kFloat, at::kDouble, at::kHalf, at::kBFloat16}) {
    for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{},
                                                   {1},
                                                   {3},
                                                   {2, 3},
                                                   {1, 300, 4},
                                                   {2, 1, 3, 2},
                                                   {70'000},
                                                   {0},
                                                   {3, 0, 2},
                                                   {1, 1, 1, 1, 1, 1, 1, 2}}) {
      tensors.push_back(
          at::arange(c10::multiply_integers(shape), at::kFloat).to(dtype).view(shape));
    }
  }
  return tensors;
}

void expect_same(const at::Tensor& read, const at::Tensor& written) {
  EXPECT_EQ(read.scalar_type(), written.scalar_type());
  EXPECT_EQ(read.sizes(), written.sizes());
  EXPECT_TRUE(at::equal(read, written));
}

TEST(TorchArchive, ReadsWhatItWrites) {
  TempFolder folder;
  for (const auto& tensor : samples()) {
    save_torch_tensor(folder / "a.pt", tensor);
    expect_same(load_torch_tensor(folder / "a.pt"), tensor);
  }
  const auto turned = at::arange(6, at::kFloat).view({2, 3}).t();
  save_torch_tensor(folder / "a.pt", turned);
  expect_same(load_torch_tensor(folder / "a.pt"), turned);
}

TEST(TorchArchive, ReadsWhatPyTorchWrites) {
  for (const auto& tensor : samples()) {
    const auto bytes = torch::jit::pickle_save(tensor);
    const std::span view(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    expect_same(parse_torch_tensor(view, "torch"), tensor);
  }
}

TEST(TorchArchive, PyTorchReadsWhatItWrites) {
  TempFolder folder;
  for (const auto& tensor : samples()) {
    save_torch_tensor(folder / "a.pt", tensor);
    std::ifstream file(folder / "a.pt", std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    expect_same(torch::jit::pickle_load(bytes).toTensor(), tensor);
  }
}

// What CPython's pickler makes of torch.save(torch.zeros(2, 3)): memo stores after every string,
// type and tuple, short integers, TUPLE2.
TEST(TorchArchive, ReadsThePickleOfPython) {
  using namespace std::string_literals;
  const auto pickle =
      "\x80\x02"
      "ctorch._utils\n_rebuild_tensor_v2\nq\x00(("
      "X\x07\x00\x00\x00storageq\x01"
      "ctorch\nFloatStorage\nq\x02"
      "X\x01\x00\x00\x00"
      "0q\x03X\x06\x00\x00\x00"
      "cuda:0q\x04K\x06tq\x05QK\x00K\x02K\x03\x86q\x06K\x03K\x01\x86q\x07\x89"
      "ccollections\nOrderedDict\nq\x08)Rq\ttq\nRq\x0b."s;
  ZipWriter zip;
  const std::vector<std::uint8_t> program(pickle.begin(), pickle.end());
  zip.add("silence_latent/data.pkl", program);
  zip.add("silence_latent/data/0", std::vector<std::uint8_t>(24));
  const auto bytes = zip.finish();
  const std::span view(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  expect_same(parse_torch_tensor(view, "python"), at::zeros({2, 3}));
}

TEST(TorchArchive, RefusesToWriteWhatItCannotRead) {
  TempFolder folder;
  EXPECT_ERROR(save_torch_tensor(folder / "a.pt", at::ones({2}, at::kLong)), ErrorKind::output,
               "dtype Long cannot be written");
  EXPECT_ERROR(save_torch_tensor(folder / "no/a.pt", at::ones({2})), ErrorKind::output, "folder");
  EXPECT_ERROR(save_torch_tensor(folder / "a.pt", at::zeros({1}).expand({1LL << 28})),
               ErrorKind::output, "use safetensors");
}

}  // namespace
}  // namespace headroom
