#include "train/recipes/song_files.h"

#include <string>

#include <fmt/format.h>

#include "audio/file.h"
#include "audio/key.h"
#include "base/error.h"
#include "base/json.h"
#include "train/learn/export.h"
#include "train/synth/arrangement.h"
#include "train/synth/render.h"
#include "train/synth/song.h"

namespace headroom::train {
namespace {

void write_audio(const std::filesystem::path& path, const at::Tensor& audio) {
  AudioWriter writer(path, 48000, 2, SampleFormat::pcm16);
  writer.write(audio);
  writer.commit();
}

}  // namespace

nlohmann::json write_song(std::uint64_t number, double seconds,
                          const std::filesystem::path& folder) {
  const auto song = synth::compose(number, seconds);
  const auto arrangement = synth::arrange(number);
  const auto render = synth::render(song, arrangement, static_cast<std::int64_t>(seconds * 48000));
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  if (code) {
    throw Error(ErrorKind::output,
                fmt::format("{}: cannot be made: {}", folder.string(), code.message()));
  }
  write_audio(folder / "mix.wav", render.mix);
  for (size_t i = 0; i < synth::kStems; ++i) {
    if (arrangement.parts[i].plays) {
      write_audio(folder / (std::string(synth::kStemNames[i]) + ".wav"),
                  render.stems[static_cast<std::int64_t>(i)]);
    }
  }
  nlohmann::json about{{"song", number},
                       {"bpm", song.bpm},
                       {"key", key_name(song.key_index())},
                       {"tags", synth::tags_of(song, arrangement)},
                       {"lyrics", song.lyrics()}};
  write_text_file(folder / "song.json", about.dump(2));
  return about;
}

}  // namespace headroom::train
