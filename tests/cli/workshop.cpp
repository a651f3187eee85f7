#include "cli/workshop.h"

#include <cstdlib>
#include <numbers>

#include <gtest/gtest.h>

#include "audio/file.h"
#include "cli/program.h"
#include "studio/model_maker.h"

namespace headroom::test {

namespace fs = std::filesystem;

Workshop::Workshop() {
  ::unsetenv("HEADROOM_MODEL");  // a model of the user's must not leak into the runs
  studio::make_model(folder_ / "model", studio::ModelSize::tiny, 1, {});
  fs::create_directory(folder_ / "out");
  constexpr int rate = 44100;
  const auto time = at::arange(2 * rate, at::kFloat).div_(rate);
  const auto tone = [&](double hz) {
    return (time * (2.0 * std::numbers::pi * hz)).sin_().mul_(0.2);
  };
  AudioWriter writer(folder_ / "song.wav", rate, 2, SampleFormat::pcm16);
  writer.write(at::stack({tone(220.0) + tone(330.0), tone(220.0) + tone(277.2)}));
  writer.commit();
}

fs::path Workshop::copy_model(const std::string& name) const {
  fs::copy(folder_ / "model", folder_ / name, fs::copy_options::recursive);
  return folder_ / name;
}

Ran Workshop::run(std::vector<std::string> arguments, RunSettings settings) const {
  arguments.insert(arguments.begin(), HEADROOM_PROGRAM);
  if (settings.folder.empty()) settings.folder = path();
  return run_program(arguments, settings);
}

Ran Workshop::run_copy(std::vector<std::string> arguments, RunSettings settings) const {
  arguments.insert(arguments.begin(), HEADROOM_PROGRAM);
  if (settings.folder.empty()) settings.folder = path();
  return Process(&cli::run_program, arguments, settings).wait();
}

nlohmann::json Workshop::run_json(std::vector<std::string> arguments, RunSettings settings) const {
  arguments.emplace_back("--json");
  const auto ran = run(arguments, settings);
  EXPECT_EQ(ran.status, 0) << "signal " << ran.signal << ", timed out " << ran.timed_out << ": "
                           << ran.err;
  EXPECT_EQ(ran.err, "") << "a run that succeeds says nothing on standard error";
  auto json = nlohmann::json::parse(ran.out, nullptr, false);
  EXPECT_TRUE(json.is_object()) << "standard output is not one JSON object: " << ran.out;
  return json;
}

std::string headroom_program() { return HEADROOM_PROGRAM; }

}  // namespace headroom::test
