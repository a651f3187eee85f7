#include "tensor/safetensors.h"

#include <cstring>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "expect_error.h"
#include "temp_folder.h"
#include "tensor/checkpoint.h"

namespace headroom {
namespace {

std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

at::Tensor counted(at::ScalarType dtype, std::vector<std::int64_t> shape) {
  auto flat = at::arange(c10::multiply_integers(shape), at::kLong);
  return (dtype == at::kBool ? flat.remainder(2) : flat).to(dtype).view(shape);
}

TEST(Safetensors, KeepsEveryDtypeAndShape) {
  TempFolder folder;
  std::map<std::string, at::Tensor> tensors;
  for (const auto dtype : {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong, at::kInt,
                           at::kShort, at::kChar, at::kByte, at::kBool}) {
    const std::string name(safetensors_name(dtype));
    tensors[name + ".matrix"] = counted(dtype, {3, 5});
    tensors[name + ".scalar"] = counted(dtype, {});
    tensors[name + ".empty"] = counted(dtype, {4, 0, 2});
  }
  save_safetensors(folder / "all.safetensors", tensors, {{"format", "pt"}, {"ключ", "\n\""}});
  const auto file = SafetensorsFile::open(folder / "all.safetensors");
  EXPECT_EQ(file.entries().size(), tensors.size());
  EXPECT_EQ(file.metadata().at("format"), "pt");
  EXPECT_EQ(file.metadata().at("ключ"), "\n\"");
  for (const auto& [name, tensor] : tensors) {
    const auto stored = file.tensor(name);
    EXPECT_EQ(stored.scalar_type(), tensor.scalar_type()) << name;
    EXPECT_EQ(stored.sizes(), tensor.sizes()) << name;
    EXPECT_TRUE(at::equal(stored, tensor)) << name;
  }
}

TEST(Safetensors, ReadsAFileWrittenByHand) {
  const std::string header =
      R"( {"b":{"shape":[2],"data_offsets":[4,8],"dtype":"F16"},)"
      R"("a":{"dtype":"I8","shape":[2,2],"data_offsets":[0,4]},"__metadata__":{}}  )";
  const std::string text = header.substr(1);
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(text.size());
  bytes += text + std::string("\x01\xff\x02\x00\x00\x3c\x00\xc0", 8);
  const auto file = SafetensorsFile::parse(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                           bytes.size(), "by hand");
  ASSERT_EQ(file.entries().size(), 2U);
  EXPECT_EQ(file.entries()[0].name, "a");
  EXPECT_EQ(file.entries()[1].begin, 4U);
  EXPECT_TRUE(at::equal(file.tensor("a"), at::tensor({1, -1, 2, 0}, at::kChar).view({2, 2})));
  EXPECT_TRUE(at::equal(file.tensor("b").to(at::kFloat), at::tensor({1.0F, -2.0F})));
  EXPECT_EQ(file.find("c"), nullptr);
  EXPECT_ERROR(file.tensor("c"), ErrorKind::checkpoint, "by hand: no tensor \"c\"");
}

TEST(Safetensors, TensorsOutliveTheFileAndItsName) {
  TempFolder folder;
  save_safetensors(folder / "a.safetensors", {{"x", counted(at::kFloat, {1000})}});
  at::Tensor tensor;
  {
    const auto file = SafetensorsFile::open(folder / "a.safetensors");
    tensor = file.tensor("x").slice(0, 10, 20);
    EXPECT_EQ(file.tensor("x").data_ptr(), file.tensor("x").data_ptr());  // views, not copies
  }
  std::filesystem::remove(folder / "a.safetensors");
  EXPECT_EQ(tensor[0].item<float>(), 10.0F);
}

TEST(Safetensors, CopiesMisalignedDataAndRepairsBooleans) {
  TempFolder folder;
  SafetensorsWriter writer(folder / "a.safetensors");
  writer.add("byte", at::kByte, {1});
  writer.add("double", at::kDouble, {3});
  writer.add("bool", at::kBool, {2});
  writer.write(counted(at::kByte, {1}));
  writer.write(counted(at::kDouble, {3}));
  writer.write(counted(at::kBool, {2}));
  writer.finish();
  auto bytes = read_bytes(folder / "a.safetensors");
  bytes.back() = '\x7f';
  const auto file = SafetensorsFile::open(folder.write("b.safetensors", bytes));
  const auto doubles = file.tensor("double");
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(doubles.data_ptr()) % alignof(double), 0U);
  EXPECT_TRUE(at::equal(doubles, counted(at::kDouble, {3})));
  const auto flags = file.tensor("bool");
  EXPECT_EQ(static_cast<const std::uint8_t*>(flags.data_ptr())[1], 1);
}

TEST(Safetensors, SaveAlignsEveryTensor) {
  TempFolder folder;
  save_safetensors(folder / "a.safetensors", {{"a", counted(at::kByte, {3})},
                                              {"b", counted(at::kDouble, {3})},
                                              {"c", counted(at::kHalf, {3})}});
  const auto file = SafetensorsFile::open(folder / "a.safetensors");
  for (const auto& entry : file.entries()) {
    EXPECT_EQ(entry.begin % c10::elementSize(entry.dtype), 0U) << entry.name;
  }
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(file.tensor("b").data_ptr()) % 8, 0U);
}

TEST(Safetensors, WritesViewsAndNothingBeforeFinish) {
  TempFolder folder;
  const auto target = folder / "a.safetensors";
  const auto matrix = counted(at::kFloat, {3, 4});
  {
    SafetensorsWriter writer(target);
    writer.add("x", at::kFloat, {4, 3});
    writer.write(matrix.t());
    EXPECT_FALSE(std::filesystem::exists(target));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  save_safetensors(target, {{"x", matrix.t()}});
  EXPECT_TRUE(at::equal(SafetensorsFile::open(target).tensor("x"), matrix.t()));
}

TEST(Safetensors, EmptyFileRoundTrip) {
  TempFolder folder;
  save_safetensors(folder / "a.safetensors", {});
  EXPECT_TRUE(SafetensorsFile::open(folder / "a.safetensors").entries().empty());
}

TEST(Safetensors, WriterRefusesWrongUse) {
  TempFolder folder;
  const auto target = folder / "a.safetensors";
  SafetensorsWriter writer(target);
  writer.add("x", at::kFloat, {2});
  EXPECT_ERROR(writer.add("x", at::kFloat, {2}), ErrorKind::output, "added twice");
  EXPECT_ERROR(writer.add("__metadata__", at::kFloat, {2}), ErrorKind::output, "__metadata__");
  EXPECT_ERROR(writer.add("\xff", at::kFloat, {2}), ErrorKind::output, "not UTF-8");
  EXPECT_ERROR(writer.metadata("a", "\xff"), ErrorKind::output, "not UTF-8");
  EXPECT_ERROR(writer.add("y", at::kFloat, {-1}), ErrorKind::output, "shape [-1]");
  EXPECT_ERROR(writer.add("y", at::kFloat, {1, 1, 1, 1, 1, 1, 1, 1, 1}), ErrorKind::output,
               "more than 8 dimensions");
  EXPECT_ERROR(writer.add("y", at::kComplexFloat, {1}), ErrorKind::internal, "ComplexFloat");
  EXPECT_ERROR(writer.finish(), ErrorKind::internal, "finished after 0 of 1");
  EXPECT_ERROR(writer.write(counted(at::kFloat, {3})), ErrorKind::internal,
               "added as F32 [2] and written as Float [3]");
  writer.write(counted(at::kFloat, {2}));
  EXPECT_ERROR(writer.add("y", at::kFloat, {2}), ErrorKind::internal, "out of order");
  EXPECT_ERROR(writer.write(counted(at::kFloat, {2})), ErrorKind::internal, "not added");
  writer.finish();
  EXPECT_ERROR(writer.finish(), ErrorKind::internal, "out of order");
  EXPECT_ERROR(SafetensorsWriter(folder / "no/where.safetensors"), ErrorKind::output, "folder");
}

TEST(Checkpoint, ReadsOneFileAFolderAndShards) {
  TempFolder folder;
  const auto x = counted(at::kFloat, {2, 3});
  const auto y = counted(at::kBFloat16, {4});
  save_safetensors(folder / "m-1.safetensors", {{"x", x}});
  save_safetensors(folder / "m-2.safetensors", {{"y", y}});
  const auto index = folder.write(
      "model.safetensors.index.json",
      R"({"metadata":{"total_size":32},"weight_map":{"x":"m-1.safetensors","y":"m-2.safetensors"}})");
  for (const auto& path : {index, folder.path()}) {
    auto checkpoint = Checkpoint::open(path);
    EXPECT_TRUE(checkpoint.has("x"));
    EXPECT_FALSE(checkpoint.has("z"));
    EXPECT_TRUE(at::equal(checkpoint.get("x", {2, 3}), x));
    EXPECT_EQ(checkpoint.shape_of("y"), std::vector<std::int64_t>{4});
    ASSERT_EQ(checkpoint.entries().size(), 2U);
    EXPECT_EQ(checkpoint.entries()[1].name, "y");
    EXPECT_EQ(checkpoint.files().size(), 2U);
  }
  auto single = Checkpoint::open(folder / "m-1.safetensors");
  EXPECT_TRUE(at::equal(single.get("x", {2, 3}), x));
  EXPECT_ERROR(single.get("x", {3, 2}), ErrorKind::checkpoint,
               "m-1.safetensors: tensor \"x\" has the shape [2, 3], not [3, 2]");
  EXPECT_ERROR(single.get("y", {4}), ErrorKind::checkpoint, "no tensor \"y\"");
}

TEST(Checkpoint, FolderPrefersTheIndexThenTheKnownNames) {
  TempFolder folder;
  save_safetensors(folder / "other.safetensors", {{"other", counted(at::kFloat, {1})}});
  save_safetensors(folder / ".model.1-0.part.safetensors", {{"part", counted(at::kFloat, {1})}});
  EXPECT_TRUE(Checkpoint::open(folder.path()).has("other"));
  save_safetensors(folder / "diffusion_pytorch_model.safetensors",
                   {{"vae", counted(at::kFloat, {1})}});
  EXPECT_TRUE(Checkpoint::open(folder.path()).has("vae"));
  save_safetensors(folder / "model.safetensors", {{"model", counted(at::kFloat, {1})}});
  EXPECT_TRUE(Checkpoint::open(folder.path()).has("model"));
  folder.write("model.safetensors.index.json", R"({"weight_map":{"other":"other.safetensors"}})");
  EXPECT_TRUE(Checkpoint::open(folder.path()).has("other"));
}

TEST(Weights, NamesPlacesAndConvertsDtypes) {
  TempFolder folder;
  save_safetensors(folder / "a.safetensors", {{"decoder.layers.3.w", counted(at::kBFloat16, {4})},
                                              {"decoder.steps", counted(at::kLong, {2})}});
  auto checkpoint = Checkpoint::open(folder.path());
  const auto decoder = Weights(checkpoint, at::kFloat) / "decoder";
  const auto weight = (decoder / "layers" / 3)("w", {4});
  EXPECT_EQ(weight.scalar_type(), at::kFloat);
  EXPECT_TRUE(at::equal(weight, counted(at::kFloat, {4})));
  EXPECT_ERROR((void)decoder("steps", {2}), ErrorKind::checkpoint, "quantised weights");
  EXPECT_EQ(decoder.as(at::kDouble, "layers.3.w", {4}).scalar_type(), at::kDouble);
  EXPECT_TRUE(decoder.has("steps"));
  EXPECT_EQ(decoder.shape_of("steps"), std::vector<std::int64_t>{2});
  EXPECT_ERROR(decoder("nothing", {1}), ErrorKind::checkpoint, "decoder.nothing");
}

}  // namespace
}  // namespace headroom
