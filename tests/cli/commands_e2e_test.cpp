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

// Its encoder and decoder know music: at strength 0 the track comes back.
TEST(Commands, WithoutAModelTheBuiltInOnePlays) {
  const Workshop shop;
  const auto cover = [&](const std::string& strength) {
    const auto made = shop.run_json({"cover", HEADROOM_SOURCE_DIR "/assets/demo.ogg", "-o",
                                     "out/cover.wav", "-p", "soft pads", "--strength", strength});
    EXPECT_EQ(made.value("steps", 0), 8);
    return load_audio(shop / "out/cover.wav", 48000);
  };
  const auto track = load_audio(HEADROOM_SOURCE_DIR "/assets/demo.ogg", 48000);
  const auto likeness = [&](const at::Tensor& made) {
    const auto length = std::min(made.size(1), track.size(1));
    const auto a = made.narrow(1, 0, length);
    const auto b = track.narrow(1, 0, length);
    return (a * b).sum().item<double>() / (a.norm() * b.norm()).item<double>();
  };
  const auto back = likeness(cover("0"));
  EXPECT_GT(back, 0.7);
  EXPECT_LT(likeness(cover("1")), back / 2) << "strength does not count";
}

TEST(Commands, GenerateMakesMusicFromWords) {
  const Workshop shop;
  const auto made = [&](const std::string& name, const std::string& prompt) {
    shop.run_json({"generate", "-o", name, "-p", prompt, "--duration", "3.5", "--bpm", "100",
                   "--key", "A minor", "--steps", "2", "--model", "model"});
    return load_audio(shop / name, 48000);
  };
  const auto pads = made("out/pads.wav", "soft pads");
  EXPECT_EQ(pads.size(1), 168'000);
  EXPECT_GT(pads.square().mean().item<double>(), 1e-8) << "it is silent";
  EXPECT_TRUE(made("out/again.wav", "soft pads").equal(pads));
  EXPECT_FALSE(made("out/drums.wav", "drums only").equal(pads)) << "the prompt does not count";
}

TEST(Commands, RepaintMakesAStretchAnew) {
  const Workshop shop;
  const auto json =
      shop.run_json({"repaint", "song.wav", "-o", "out/new.wav", "-p", "bells", "--from", "0.9",
                     "--to", "1.2", "--steps", "2", "--model", "model"});
  EXPECT_EQ(json.value("from", 0.0), 0.9);
  const auto before = load_audio(shop / "song.wav", 48000, {.channels = 2});
  const auto after = load_audio(shop / "out/new.wav", 48000);
  ASSERT_EQ(after.size(1), before.size(1));
  const auto change = [&](std::int64_t begin, std::int64_t end) {
    return (after - before).narrow(1, begin, end - begin).abs().max().item<double>();
  };
  EXPECT_LT(change(0, 20'000), 1e-3);
  EXPECT_LT(change(80'000, 96'000), 1e-3);
  EXPECT_GT(change(44'000, 56'000), 1e-3) << "the region is as it was";
}

TEST(Commands, ABudgetIsKeptOrRefused) {
  const Workshop shop;
  const std::vector<std::string> cover{"cover",   "song.wav", "-o",      "out/c.wav",
                                       "-p",      "bells",    "--model", "model",
                                       "--steps", "2",        "--memory"};
  const auto within = [&](const std::string& budget) {
    auto words = cover;
    words.push_back(budget);
    return shop.run(words);
  };
  const auto ran = within("160MiB");
  EXPECT_EQ(ran.status, 0) << ran.err;
  const auto refused = within("70MiB");
  EXPECT_EQ(refused.status, 6) << refused.err;
  EXPECT_NE(refused.err.find("MiB"), std::string::npos) << refused.err;
  EXPECT_EQ(within("much").status, 2);
}

TEST(Commands, ALoraAndReferencesChangeACover) {
  const Workshop shop;
  const auto weights = SafetensorsFile::open(shop / "model/acestep-v15-turbo/model.safetensors");
  const std::string target = "layers.0.self_attn.q_proj";
  const auto shape = weights.find("decoder." + target + ".weight")->shape;
  save_safetensors(shop / "style.safetensors",
                   {{"base_model.model." + target + ".lora_A.weight", at::ones({2, shape[1]})},
                    {"base_model.model." + target + ".lora_B.weight", at::ones({shape[0], 2})}},
                   {});
  const auto cover = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"cover", "song.wav", "-o",    "out/c.wav", "-p",
                                   "bells", "--model",  "model", "--steps",   "2"};
    words.insert(words.end(), more.begin(), more.end());
    shop.run_json(words);
    return load_audio(shop / "out/c.wav", 48000);
  };
  const auto plain = cover({});
  EXPECT_FALSE(cover({"--lora", "style.safetensors:0.8"}).equal(plain));
  EXPECT_TRUE(cover({"--lora", "style.safetensors:0"}).equal(plain));
  EXPECT_FALSE(cover({"--structure-strength", "0"}).equal(plain));
  const auto refused = shop.run({"cover", "song.wav", "-o", "out/c.wav", "-p", "bells", "--model",
                                 "model", "--lora", "song.wav"});
  EXPECT_EQ(refused.status, 3) << refused.err;
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
