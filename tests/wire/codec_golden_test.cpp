// Binary frames against recorded ones. Compressed payloads are compared after expansion.
#include <cstring>

#include <gtest/gtest.h>

#include "wire/constants.gen.h"
#include "wire/event_encoder.h"
#include "wire/frames.h"
#include "wire/message.h"
#include "wire/protocol_golden.h"

namespace headroom::wire {
namespace {

std::vector<float> floats(const std::vector<std::uint8_t>& bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

struct Step {
  std::uint32_t seed;
  std::size_t frames;
  std::uint32_t start;
  const char* file;
};
const Step kSteps[] = {{2, 4800, 2400, "slice_delta_a.bin"},
                       {3, 4800, 4800, "slice_delta_b.bin"},
                       {4, 4800, 18000, "slice_delta_c.bin"}};

TEST(ProtocolCodec, UploadFrameIsReadAndMade) {
  const auto golden = golden_bytes("upload_pcm.bin");
  const auto frame = parse_pcm(golden);
  ASSERT_TRUE(frame) << frame.error().message;
  EXPECT_EQ(frame.value().channels, 2U);
  EXPECT_EQ(frame.value().frames, 19200U);
  EXPECT_EQ(read_pcm(frame.value()).samples, golden_signal(1, 19200));
  EXPECT_EQ(make_pcm(golden_signal(1, 19200), 2), golden);
}

TEST(ProtocolCodec, InitialBuffer) {
  EXPECT_EQ(buffer_bytes(*to_halves(golden_signal(1, 19200))), golden_bytes("initial_buffer.bin"));
}

TEST(ProtocolCodec, StemsAreSentBareAfterTheirHeader) {
  auto half = golden_signal(9, 4800);
  for (auto& sample : half) sample *= 0.5F;
  StemAssets stems;
  stems.fixture_name = "demo track.wav";
  stems.frames = 4800;
  stems.source_mode = StemMode::full;
  stems.audio = {to_halves(half), to_halves(half)};
  const auto frames = EventEncoder().encode(stems);
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(nlohmann::json::parse(std::get<std::string>(frames[0])),
            golden_json("stem_assets.json"));
  EXPECT_EQ(buffer_bytes(*std::get<AudioBlock>(frames[1])), golden_bytes("stem_vocals.bin"));
  EXPECT_EQ(buffer_bytes(*std::get<AudioBlock>(frames[2])), golden_bytes("stem_instruments.bin"));
}

TEST(ProtocolCodec, SlicesAndTheServersMirror) {
  SliceMirror mirror(golden_signal(1, 19200), 2);  // the original's base: not rounded
  const auto codec = golden_json("codec.json");
  for (std::size_t i = 0; i < std::size(kSteps); ++i) {
    const auto& step = kSteps[i];
    SCOPED_TRACE(step.file);
    const auto delta = mirror.advance(step.start, golden_signal(step.seed, step.frames));
    ASSERT_TRUE(delta);
    const auto& header = codec["steps"][i]["header"];
    const auto ours =
        make_slice({1, delta->start, delta->count, 2, header["tick_ms"].get<float>(),
                    header["dec_ms"].get<float>(), header["num_gens"].get<std::uint32_t>()},
                   delta->delta);
    const auto golden = golden_bytes(step.file);
    EXPECT_TRUE(std::equal(golden.begin(), golden.begin() + kSliceHeaderBytes, ours.begin()))
        << "the header differs";
    const auto mine = parse_slice(ours);
    const auto theirs = parse_slice(golden);
    ASSERT_TRUE(mine && theirs);
    EXPECT_EQ(mine.value().halves, theirs.value().halves);
  }
  EXPECT_FALSE(mirror.advance(19200, golden_signal(5, 480))) << "d begins at the end";
  EXPECT_EQ(mirror.samples(), floats(golden_bytes("mirror_server_final.bin")));
}

TEST(ProtocolCodec, TheClientsMirror) {
  std::vector<float> client;
  const auto buffer = to_halves(golden_signal(1, 19200));
  for (const auto half : *buffer) client.push_back(from_half(half));
  for (const auto& step : kSteps) {
    const auto slice = parse_slice(golden_bytes(step.file));
    ASSERT_TRUE(slice) << slice.error().message;
    for (std::size_t k = 0; k < slice.value().halves.size(); ++k)
      client[slice.value().header.start * 2 + k] += from_half(slice.value().halves[k]);
  }
  EXPECT_EQ(client, floats(golden_bytes("mirror_client_final.bin")));
}

TEST(ProtocolCodec, ARawSlice) {
  const auto slice = parse_slice(golden_bytes("slice_raw.bin"));
  ASSERT_TRUE(slice) << slice.error().message;
  const auto codec = golden_json("codec.json")["raw"];
  EXPECT_EQ(slice.value().header.flags, 0);
  EXPECT_EQ(slice.value().header.start, 9600U);
  EXPECT_EQ(slice.value().header.count, 480U);
  EXPECT_EQ(slice.value().header.generations, 11U);
  for (std::size_t i = 0; i < 6; ++i)
    EXPECT_EQ(from_half(slice.value().halves[i]), codec["first_samples_f32"][i].get<float>());
  EXPECT_EQ(make_slice(slice.value().header, slice.value().halves), golden_bytes("slice_raw.bin"));
}

TEST(ProtocolCodec, AControlBody) {
  const auto golden = golden_bytes("control_cmd.bin");
  const auto body = parse_control(golden);
  ASSERT_TRUE(body) << body.error().message;
  const auto command = parse_command(body.value().text);
  ASSERT_TRUE(command) << command.error().message;
  EXPECT_EQ(type_of(command.value().message), "set_timbre_source");
  EXPECT_TRUE(wants_audio(command.value().message));
  const auto pcm = parse_pcm(body.value().audio);
  ASSERT_TRUE(pcm);
  EXPECT_EQ(read_pcm(pcm.value()).samples, golden_signal(10, 480));
}

TEST(ProtocolCodec, BadControlBodiesAreRefusedInTheSameWords) {
  for (const auto& one : golden_json("control_bus.json")) {
    if (one.value("status", 0) != 400) continue;
    const auto what = one["body"].get<std::string>();
    std::vector<std::uint8_t> body(one["body_bytes"].get<std::size_t>(), 0);
    if (what == "len too large") body[0] = 200;
    if (what == "not json") continue;  // the words of another parser
    const auto parsed = parse_control(body);
    ASSERT_FALSE(parsed) << what;
    EXPECT_EQ(parsed.error().message, one["response"]["error"]) << what;
  }
}

// W30: both sides start from what was sent, so they stay equal, bit for bit, through key frames.
TEST(ProtocolCodec, ListenerAndMirrorStayEqualFromTheFirstBuffer) {
  EventEncoder encoder({.after_buffer = 2, .every = 5});
  Ready ready;
  ready.buffer = to_halves(golden_signal(1, 19200));
  const auto first = encoder.encode(ready);
  ASSERT_EQ(first.size(), 2U);
  std::vector<float> client;
  for (const auto half : *std::get<AudioBlock>(first[1])) client.push_back(from_half(half));
  std::size_t raw = 0;
  for (std::uint32_t i = 0; i < 20; ++i) {
    const auto region = golden_signal(100 + i, 4800);
    Slice slice{.start = (i * 1700) % 19200,
                .samples = std::make_shared<const std::vector<float>>(region)};
    const auto frames = encoder.encode(slice);
    ASSERT_EQ(frames.size(), 1U);
    const auto parsed = parse_slice(std::get<Bytes>(frames[0]));
    ASSERT_TRUE(parsed);
    const auto& [header, halves] = parsed.value();
    raw += header.flags == kSliceRaw ? 1U : 0U;
    for (std::size_t k = 0; k < halves.size(); ++k) {
      auto& mine = client[header.start * 2 + k];
      mine = header.flags == kSliceRaw ? from_half(halves[k]) : mine + from_half(halves[k]);
      ASSERT_NEAR(mine, region[k], 2.6e-4F) << "slice " << i;
    }
  }
  EXPECT_EQ(raw, 5U) << "two after the buffer, and the 6th, 11th and 16th";
}

}  // namespace
}  // namespace headroom::wire
