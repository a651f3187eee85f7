// Checkpoint folders and indexes that cannot be used.
#include <gtest/gtest.h>

#include "expect_error.h"
#include "temp_folder.h"
#include "tensor/checkpoint.h"

namespace headroom {
namespace {

struct Hostile {
  const char* label;
  std::string index;
  std::string says;
};

std::string map(const std::string& entries) { return R"({"weight_map":{)" + entries + "}}"; }

class CheckpointFault : public testing::Test {
 protected:
  CheckpointFault() {
    save_safetensors(folder_ / "a.safetensors", {{"x", at::ones({1})}});
    save_safetensors(folder_ / "b.safetensors", {{"y", at::ones({1})}});
    save_safetensors(folder_ / "both.safetensors", {{"x", at::ones({1})}, {"z", at::ones({1})}});
    folder_.write("damaged.safetensors", "\x02");
    std::filesystem::create_directories(folder_ / "folder.safetensors");
    save_safetensors(folder_.path().parent_path() / (folder_.path().filename().string() + "-out"),
                     {{"x", at::ones({1})}});
  }
  ~CheckpointFault() override { std::filesystem::remove(folder_.path().string() + "-out"); }

  TempFolder folder_;
};

TEST_F(CheckpointFault, Indexes) {
  const std::string many = [] {
    std::string entries;
    for (int i = 0; i < 1001; ++i) {
      const auto n = std::to_string(i);
      entries += (i ? ",\"" : "\"") + n + "\":\"" + n + ".safetensors\"";
    }
    return map(entries);
  }();
  const std::vector<Hostile> table{
      {"empty", "", "not valid JSON"},
      {"unfinished", "{\"weight_map\":", "not valid JSON"},
      {"an array", "[]", "the index must be a JSON object"},
      {"no map", R"({"metadata":{}})", "the index has no weight_map"},
      {"map is an array", R"({"weight_map":[]})", "weight_map must be an object"},
      {"map is empty", map(""), "weight_map is empty"},
      {"shard is a number", map(R"("x":1)"), "weight_map \"x\" must be a file name"},
      {"shard is empty", map(R"("x":"")"), "\"\" is not the name of a *.safetensors file"},
      {"up", map(R"("x":"../a.safetensors")"), "beside the index"},
      {"absolute", map(R"("x":"/etc/passwd.safetensors")"), "beside the index"},
      {"in a folder", map(R"("x":"sub/a.safetensors")"), "beside the index"},
      {"backslash", map(R"("x":"..\\a.safetensors")"), "beside the index"},
      {"NUL", map(R"("x":"a.safetensors\u0000.safetensors")"), "beside the index"},
      {"dots", map(R"("x":"..")"), "beside the index"},
      {"hidden", map(R"("x":".a.safetensors")"), "beside the index"},
      {"another kind", map(R"("x":"a.bin")"), "\"a.bin\" is not the name of a *.safetensors"},
      {"missing shard", map(R"("x":"c.safetensors")"), "the shard \"c.safetensors\" is missing"},
      {"shard is a folder", map(R"("x":"folder.safetensors")"), "not a regular file"},
      {"damaged shard", map(R"("x":"damaged.safetensors")"), "damaged.safetensors: 1 bytes"},
      {"tensor is nowhere", map(R"("w":"a.safetensors")"),
       "tensor \"w\" is not in the shard \"a.safetensors\""},
      {"tensor is elsewhere", map(R"("x":"a.safetensors","y":"a.safetensors","q":"b.safetensors")"),
       "is not in the shard"},
      {"swapped", map(R"("x":"b.safetensors","y":"a.safetensors")"), "is not in the shard"},
      {"in two shards", map(R"("x":"a.safetensors","z":"both.safetensors")"),
       "tensor \"x\" stands in two shards, a.safetensors and both.safetensors"},
      {"key twice", map(R"("x":"a.safetensors","x":"b.safetensors")"), "key \"x\" is there twice"},
      {"map twice", R"({"weight_map":{},"weight_map":{"x":"a.safetensors"}})", "is there twice"},
      {"deep", std::string(100'000, '['), "nested deeper than"},
      {"huge number", R"({"metadata":{"total_size":1e999}})", "JSON"},
      {"too many shards", many, "1001 shards are more than"},
  };
  for (const auto& [label, index, says] : table) {
    SCOPED_TRACE(label);
    const auto path = folder_.write("model.safetensors.index.json", index);
    EXPECT_ERROR(Checkpoint::open(path), ErrorKind::checkpoint, says);
    EXPECT_ERROR(Checkpoint::open(folder_.path()), ErrorKind::checkpoint, says);
  }
}

TEST_F(CheckpointFault, Folders) {
  EXPECT_ERROR(Checkpoint::open(folder_ / "none"), ErrorKind::checkpoint, "none: no such file");
  std::filesystem::create_directory(folder_ / "empty");
  EXPECT_ERROR(Checkpoint::open(folder_ / "empty"), ErrorKind::checkpoint,
               "no *.safetensors file in this folder");
  EXPECT_ERROR(Checkpoint::open(folder_.path()), ErrorKind::checkpoint,
               "name one of them: a.safetensors, b.safetensors");
  std::filesystem::create_symlink(folder_ / "gone", folder_ / "model.safetensors");
  EXPECT_ERROR(Checkpoint::open(folder_.path()), ErrorKind::checkpoint,
               "model.safetensors: no such file");
  std::filesystem::create_symlink(folder_ / "gone", folder_ / "model.safetensors.index.json");
  EXPECT_ERROR(Checkpoint::open(folder_.path()), ErrorKind::checkpoint,
               "model.safetensors.index.json: no such file");
}

}  // namespace
}  // namespace headroom
