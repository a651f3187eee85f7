// The commands around cover and stems: encode, decode, inspect, make-model, doctor, help.
#include <gtest/gtest.h>

#include "audio/load.h"
#include "cli/workshop.h"
#include "tensor/safetensors.h"

namespace headroom::test {
namespace {

TEST(Commands, EncodeAndDecodeKeepTheLength) {
  const Workshop shop;
  const auto encoded =
      shop.run_json({"encode", "song.wav", "-o", "out/song.safetensors", "--model", "model"});
  EXPECT_EQ(encoded.value("samples", 0), 96000);
  EXPECT_EQ(SafetensorsFile::open(shop / "out/song.safetensors").tensor("latents").size(1), 50);
  shop.run_json({"decode", "out/song.safetensors", "-o", "out/song.flac", "--model", "model"});
  EXPECT_EQ(load_audio(shop / "out/song.flac", 48000).size(1), 96000);
}

TEST(Commands, InspectListsEveryPartOfAModel) {
  const Workshop shop;
  const auto json = shop.run_json({"inspect", "model"});
  ASSERT_TRUE(json.contains("checkpoints"));
  EXPECT_EQ(json["checkpoints"].size(), 4U);
  EXPECT_GT(json["checkpoints"][0]["total"].value("parameters", 0), 1000);
}

TEST(Commands, MakeModelIsReproducible) {
  const Workshop shop;
  shop.run_json({"make-model", "again", "--tiny"});
  for (const std::string part : {"model", "again"}) {
    EXPECT_TRUE(std::filesystem::exists(shop / (part + "/vae/config.json")));
  }
  const auto first = SafetensorsFile::open(shop / "model/acestep-v15-turbo/model.safetensors");
  const auto again = SafetensorsFile::open(shop / "again/acestep-v15-turbo/model.safetensors");
  const auto& name = first.entries().back().name;
  EXPECT_TRUE(first.tensor(name).equal(again.tensor(name)));
}

TEST(Commands, HelpAndVersionAnswerOnStandardOutput) {
  const Workshop shop;
  for (const char* flag : {"--help", "--version"}) {
    const auto ran = shop.run({flag});
    EXPECT_EQ(ran.status, 0);
    EXPECT_FALSE(ran.out.empty());
    EXPECT_EQ(ran.err, "");
  }
  EXPECT_NE(shop.run({"--help"}).out.find("Exit status"), std::string::npos);
}

TEST(Commands, TheModelCanComeFromTheEnvironment) {
  const Workshop shop;
  ASSERT_EQ(::setenv("HEADROOM_MODEL", (shop / "model").c_str(), 1), 0);
  const auto ran = shop.run({"stems", "song.wav", "-o", "out"});
  ::unsetenv("HEADROOM_MODEL");
  EXPECT_EQ(ran.status, 0) << ran.err;
}

TEST(Commands, PlanSaysWhetherASessionFitsAndWhatWould) {
  const Workshop shop;
  const auto fits = shop.run_json({"plan", "--memory", "6GiB", "--duration", "240"});
  EXPECT_TRUE(fits.value("fits", false)) << "the 2B model, stems and a swap in 6 GiB";
  EXPECT_GT(fits["operations"].size(), 20U);
  EXPECT_LE(fits.value("peak", 0ULL) + fits.value("slack", 0ULL), 6ULL << 30);
  const auto roomy = shop.run_json({"plan", "--memory", "8GiB", "--separator-park", "never"});
  EXPECT_EQ(roomy.value("parks", 1), 0);

  const auto tight = shop.run({"plan", "--memory", "2GiB", "--json"});
  EXPECT_EQ(tight.status, 1);
  const auto refused = nlohmann::json::parse(tight.out);
  EXPECT_FALSE(refused.value("fits", true));
  const auto minimum = std::to_string(refused.value("minimum", 0ULL));
  EXPECT_TRUE(shop.run_json({"plan", "--memory", minimum}).value("fits", false));
  EXPECT_TRUE(shop.run_json({"plan", "--model", "model", "--memory", "1GiB", "--driver", "0"})
                  .value("fits", false));
  for (const auto* bad : {"lots", "-1GiB", "8 parsecs"})
    EXPECT_EQ(shop.run({"plan", std::string("--memory=") + bad}).status, 2) << bad;
}

TEST(Commands, PlanDrawsATrace) {
  const Workshop shop;
  shop.write("run.jsonl",
             R"({"t":0.5,"what":"granted","name":"dit","purpose":"weights","bytes":3000000000,)"
             R"("leased":3000000000,"used":3000000000,"reserved":3100000000,"others":0,)"
             R"("budget":6000000000})"
             "\n");
  shop.run_json({"plan", "--trace", "run.jsonl"});
  EXPECT_TRUE(std::filesystem::exists(shop / "run.jsonl.svg"));
  shop.write("bad.jsonl", "{}\n");
  EXPECT_EQ(shop.run({"plan", "--trace", "bad.jsonl"}).status, 3);
  EXPECT_FALSE(std::filesystem::exists(shop / "bad.jsonl.svg"));
}

// A recording that was cut off is still a recording: what is there is used.
TEST(Commands, AWavThatWasCutOffIsUsedAsFarAsItGoes) {
  const Workshop shop;
  std::filesystem::resize_file(shop / "song.wav", 44 + 44100 * 4);
  const auto json = shop.run_json({"analyze", "song.wav"});
  EXPECT_NEAR(json.value("seconds_of_audio", 0.0), 1.0, 0.01);
}

}  // namespace
}  // namespace headroom::test
