// Weights that are damaged or belong to another network.
#include <limits>

#include <gtest/gtest.h>

#include "cli/damage.h"
#include "cli/model_damage.h"
#include "cli/refusal.h"
#include "tensor/torch_archive.h"

namespace headroom::test {
namespace {

namespace fs = std::filesystem;

struct Damage {
  std::string label;
  std::string part;
  std::function<void(const fs::path& part)> make;
  std::string says;
};

void expect_damages_refused(const std::vector<Damage>& damages) {
  const Workshop shop;
  for (const auto& damage : damages) {
    const auto model = shop.copy_model("bad");
    damage.make(model / damage.part);
    const std::vector<std::string> more{"--model", "bad"};
    const bool stems = damage.part == kSeparatorFolder;
    expect_refused(shop, {damage.label + " of " + damage.part,
                          stems ? stems_of("song.wav", more) : cover_of("song.wav", more),
                          kCheckpoint, damage.says});
    fs::remove_all(model);
  }
}

// The largest tensor of a part: surely one that is used.
at::Tensor& largest(Tensors& tensors) {
  auto best = tensors.begin();
  for (auto it = tensors.begin(); it != tensors.end(); ++it) {
    if (it->second.numel() > best->second.numel()) best = it;
  }
  return best->second;
}

std::vector<Damage> tensor_damages(const std::string& part) {
  const auto weights = [&](const std::string& label, const std::function<void(Tensors&)>& edit,
                           const std::string& says) {
    return Damage{label, part, [=](const fs::path& at) { edit_weights(at, edit); }, says};
  };
  return {
      {"truncated weights", part,
       [](const fs::path& at) {
         const auto file = weights_of(at);
         fs::resize_file(file, fs::file_size(file) / 2);
       },
       "download it again"},
      weights(
          "a missing tensor", [](Tensors& t) { t.erase(std::prev(t.end())); }, "no tensor"),
      weights(
          "a wrong shape",
          [](Tensors& t) { largest(t) = largest(t).view({-1}).narrow(0, 1, 8).clone(); },
          "has the shape [8]"),
      weights(
          "integer weights", [](Tensors& t) { largest(t) = largest(t).to(at::kInt); },
          "floating-point"),
      weights(
          "NaN weights",
          [](Tensors& t) {
            for (auto& [name, tensor] : t) {
              if (tensor.dim() > 1) tensor.fill_(std::numeric_limits<float>::quiet_NaN());
            }
          },
          "not a number"),
  };
}

TEST(BadWeights, OfTheTransformer) { expect_damages_refused(tensor_damages(kDitFolder)); }
TEST(BadWeights, OfTheVae) { expect_damages_refused(tensor_damages("vae")); }
TEST(BadWeights, OfTheTextEncoder) { expect_damages_refused(tensor_damages(kTextFolder)); }
TEST(BadWeights, OfTheSeparator) { expect_damages_refused(tensor_damages(kSeparatorFolder)); }

// At another rate than the network's, stems pass a resampler and a fitting step: no NaN may hide.
TEST(BadWeights, NaNSeparatorAtAnotherRate) {
  const Workshop shop;
  shop.write("other.wav", wav_bytes({.rate = 32000}, float_samples(64000, 0.1F)));
  const auto model = shop.copy_model("bad");
  edit_weights(model / kSeparatorFolder, [](Tensors& t) {
    for (auto& [name, tensor] : t)
      if (tensor.dim() > 1) tensor.fill_(std::numeric_limits<float>::quiet_NaN());
  });
  expect_refused(shop, {"NaN separator", stems_of("other.wav", {"--model", "bad"}), kCheckpoint,
                        "not a number"});
}

std::string safetensors_bytes(const std::string& header, size_t data) {
  return little_endian(header.size(), 8) + header + std::string(data, '\0');
}

TEST(BadWeights, Containers) {
  const std::string f1 = R"("dtype":"F32","shape":[1],"data_offsets":)";
  const auto replaced = [](const std::string& label, const std::string& bytes,
                           const std::string& says) {
    return Damage{label, kDitFolder,
                  [=](const fs::path& at) { write_file(at / "model.safetensors", bytes); }, says};
  };
  expect_damages_refused({
      replaced("empty file", "", "the file is empty"),
      replaced("web page", "<!DOCTYPE html><html>404</html>", "not a safetensors file"),
      replaced("duplicate names",
               safetensors_bytes("{\"a\":{" + f1 + "[0,4]},\"a\":{" + f1 + "[4,8]}}", 8), "twice"),
      replaced("overlap", safetensors_bytes("{\"a\":{" + f1 + "[0,4]},\"b\":{" + f1 + "[2,6]}}", 6),
               "overlap"),
      replaced(
          "huge shape",
          safetensors_bytes(
              R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}})", 4),
          "model.safetensors: "),
      {"two files", kDitFolder,
       [](const fs::path& at) {
         fs::copy(at / "model.safetensors", at / "one.safetensors");
         fs::rename(at / "model.safetensors", at / "two.safetensors");
       },
       "2 *.safetensors files"},
      {"index with a missing shard", kDitFolder,
       [](const fs::path& at) {
         write_file(at / "model.safetensors.index.json",
                    R"({"weight_map":{"x":"model-00001-of-00002.safetensors"}})");
       },
       "the shard \"model-00001-of-00002.safetensors\" is missing"},
      {"index that leaves its folder", kDitFolder,
       [](const fs::path& at) {
         write_file(at / "model.safetensors.index.json",
                    R"({"weight_map":{"x":"../vae/diffusion_pytorch_model.safetensors"}})");
       },
       "is not the name of a *.safetensors file beside the index"},
      {"broken index", kDitFolder,
       [](const fs::path& at) { write_file(at / "model.safetensors.index.json", "{"); },
       "index.json"},
  });
}

TEST(BadWeights, Silence) {
  const auto silence = [](const std::string& label, const at::Tensor& tensor,
                          const std::string& says) {
    return Damage{label, kDitFolder,
                  [=](const fs::path& at) { save_torch_tensor(at / "silence_latent.pt", tensor); },
                  says};
  };
  expect_damages_refused(
      {silence("other channels", at::zeros({1, 64, 100}), "must be [1, 16, frames]"),
       silence("two dimensions", at::zeros({16, 100}), "must be [1, 16, frames]"),
       silence("NaN", at::full({1, 16, 100}, std::numeric_limits<float>::quiet_NaN()),
               "not a number")});
}

}  // namespace
}  // namespace headroom::test
