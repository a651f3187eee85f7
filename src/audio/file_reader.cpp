#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <system_error>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <sndfile.h>

#include "audio/file.h"
#include "audio/muted_stderr.h"
#include "base/error.h"

namespace headroom {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kBlock = 1 << 16;  // samples of all channels decoded at a time

[[noreturn]] void fail(const std::string& name, std::string_view what) {
  throw Error(ErrorKind::input, fmt::format("{}: {}", printable(name), what));
}

// What can be said without opening the file; libsndfile's own words for these are "system error".
void check_path(const fs::path& path) {
  const auto name = path.string();
  std::error_code code;
  const auto status = fs::status(path, code);
  if (status.type() == fs::file_type::not_found) fail(name, "there is no such file");
  if (status.type() == fs::file_type::none) fail(name, code.message());
  if (fs::is_directory(status)) fail(name, "is a folder; give an audio file");
  if (!fs::is_regular_file(status)) fail(name, "is not a regular file");
  if (::access(path.c_str(), R_OK) != 0) {
    fail(name, fmt::format("cannot be read: {}", std::strerror(errno)));
  }
  const auto size = fs::file_size(path, code);
  if (code) fail(name, code.message());
  if (size == 0) fail(name, "is empty");
}

// libsndfile also knows laboratory formats; what nobody feeds a music server stays closed.
bool is_supported(int format) {
  switch (format & SF_FORMAT_TYPEMASK) {
    case SF_FORMAT_WAV:
    case SF_FORMAT_WAVEX:
    case SF_FORMAT_RF64:
    case SF_FORMAT_W64:
    case SF_FORMAT_AIFF:
    case SF_FORMAT_AU:
    case SF_FORMAT_CAF:
    case SF_FORMAT_FLAC:
    case SF_FORMAT_OGG:
    case SF_FORMAT_MPEG:
      return true;
    default:
      return false;
  }
}

std::string name_of(int format) {
  SF_FORMAT_INFO major{format & SF_FORMAT_TYPEMASK, nullptr, nullptr};
  SF_FORMAT_INFO minor{format & SF_FORMAT_SUBMASK, nullptr, nullptr};
  sf_command(nullptr, SFC_GET_FORMAT_INFO, &major, sizeof(major));
  sf_command(nullptr, SFC_GET_FORMAT_INFO, &minor, sizeof(minor));
  return fmt::format("{}, {}", major.name != nullptr ? major.name : "unknown format",
                     minor.name != nullptr ? minor.name : "unknown coding");
}

struct Closer {
  void operator()(SNDFILE* file) const {
    const MutedStderr muted;
    sf_close(file);
  }
};

// libsndfile ends some of its messages with a period or a newline.
std::string library_message(SNDFILE* file) {
  std::string text = sf_strerror(file);
  while (!text.empty() && (text.back() == '.' || text.back() == '\n')) text.pop_back();
  return text;
}

}  // namespace

struct AudioReader::State {
  std::string name;
  BadSamples bad_samples;
  ByteSource* bytes = nullptr;  // none: a file that the library has opened itself
  std::int64_t at = 0;          // where the library stands in them
  std::optional<MutedStderr> muted;
  std::unique_ptr<SNDFILE, Closer> file;
  AudioFormat format;
  std::int64_t position = 0;
  std::vector<float> interleaved;

  // Calls into the library, muted.
  template <class Call>
  auto call(Call&& to) {
    muted.emplace();
    const auto result = to();
    muted.reset();
    return result;
  }
  std::int64_t decode(std::int64_t frames) {
    return call([&] { return sf_readf_float(file.get(), interleaved.data(), frames); });
  }
  void take(SNDFILE* opened, const SF_INFO& info);
  void refuse_bad_samples(std::int64_t frames);
};

namespace {

// libsndfile's view of a ByteSource: `user` is the reader's state.
template <class State>
SF_VIRTUAL_IO callbacks() {
  SF_VIRTUAL_IO io{};
  io.get_filelen = [](void* user) -> sf_count_t {
    return static_cast<State*>(user)->bytes->size();
  };
  io.seek = [](sf_count_t offset, int whence, void* user) -> sf_count_t {
    auto& state = *static_cast<State*>(user);
    if (whence == SEEK_CUR) offset += state.at;
    if (whence == SEEK_END) offset += state.bytes->size();
    return state.at = std::max<sf_count_t>(0, offset);
  };
  io.read = [](void* to, sf_count_t count, void* user) -> sf_count_t {
    auto& state = *static_cast<State*>(user);
    // The bytes may be long in coming: nobody is muted meanwhile.
    state.muted.reset();
    const auto got = state.bytes->read(state.at, to, count);
    state.muted.emplace();
    state.at += got;
    return got;
  };
  io.write = [](const void*, sf_count_t, void*) -> sf_count_t { return 0; };
  io.tell = [](void* user) -> sf_count_t { return static_cast<State*>(user)->at; };
  return io;
}

}  // namespace

AudioReader::AudioReader(const fs::path& path, BadSamples bad_samples)
    : state_(std::make_unique<State>()) {
  check_path(path);
  state_->name = path.string();
  state_->bad_samples = bad_samples;
  SF_INFO info{};
  auto* const opened = state_->call([&] { return sf_open(path.c_str(), SFM_READ, &info); });
  state_->take(opened, info);
}

AudioReader::AudioReader(ByteSource& bytes, std::string name, BadSamples bad_samples)
    : state_(std::make_unique<State>()) {
  state_->name = std::move(name);
  state_->bad_samples = bad_samples;
  state_->bytes = &bytes;
  auto io = callbacks<State>();
  SF_INFO info{};
  auto* const opened =
      state_->call([&] { return sf_open_virtual(&io, SFM_READ, &info, state_.get()); });
  state_->take(opened, info);
}

void AudioReader::State::take(SNDFILE* opened, const SF_INFO& info) {
  file.reset(opened);
  if (!file) {
    fail(name, fmt::format("is not an audio file that can be read, or is damaged at its start ({})",
                           library_message(nullptr)));
  }
  if (!is_supported(info.format)) {
    fail(name, fmt::format("{} is not supported; convert it to WAV or FLAC", name_of(info.format)));
  }
  if (info.samplerate < kLowestFileRate || info.samplerate > kHighestFileRate) {
    fail(name, fmt::format("claims a sample rate of {} Hz; {} to {} can be read", info.samplerate,
                           kLowestFileRate, kHighestFileRate));
  }
  if (info.channels < 1 || info.channels > kMostFileChannels) {
    fail(name,
         fmt::format("claims {} channels; 1 to {} can be read", info.channels, kMostFileChannels));
  }
  if (info.frames <= 0) fail(name, "holds no audio");
  format = {info.samplerate, info.channels, info.frames, name_of(info.format)};
  interleaved.resize(
      static_cast<size_t>(std::max<std::int64_t>(1, kBlock / info.channels) * info.channels));
}

AudioReader::~AudioReader() = default;
AudioReader::AudioReader(AudioReader&& other) noexcept = default;

const std::string& AudioReader::name() const { return state_->name; }

const AudioFormat& AudioReader::format() const { return state_->format; }

std::int64_t AudioReader::position() const { return state_->position; }

void AudioReader::State::refuse_bad_samples(std::int64_t frames) {
  const auto end = interleaved.begin() + frames * format.channels;
  const auto bad = std::find_if_not(interleaved.begin(), end,
                                    [](float sample) { return std::isfinite(sample); });
  if (bad == end) return;
  if (bad_samples == BadSamples::refuse) {
    const auto at = bad - interleaved.begin();
    fail(name, fmt::format("sample {} of channel {} is not a number; repair or export it again",
                           position + at / format.channels, at % format.channels + 1));
  }
  std::replace_if(
      bad, end, [](float sample) { return !std::isfinite(sample); }, 0.0F);
}

at::Tensor AudioReader::read(std::int64_t frames) {
  auto& s = *state_;
  const std::int64_t channels = s.format.channels;
  const std::int64_t per_turn = std::ssize(s.interleaved) / channels;
  std::vector<at::Tensor> pieces;
  std::int64_t got = 0;
  while (got < frames) {
    const std::int64_t want = std::min(per_turn, frames - got);
    const std::int64_t n = s.decode(want);
    if (n <= 0) {
      if (sf_error(s.file.get()) != SF_ERR_NO_ERROR) {
        fail(s.name, fmt::format("is damaged after {} samples ({})", s.position,
                                 library_message(s.file.get())));
      }
      break;
    }
    s.refuse_bad_samples(n);
    pieces.push_back(at::from_blob(s.interleaved.data(), {n, channels}, at::kFloat)
                         .t()
                         .clone(at::MemoryFormat::Contiguous));
    got += n;
    s.position += n;
  }
  if (frames > 0 && s.position == 0) fail(s.name, "holds no audio that can be decoded");
  if (pieces.empty()) return at::empty({channels, 0}, at::kFloat);
  return pieces.size() == 1 ? pieces[0] : at::cat(pieces, 1);
}

std::string audio_library_version() { return sf_version_string(); }

}  // namespace headroom
