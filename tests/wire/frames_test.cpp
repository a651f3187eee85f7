// Binary frames of strangers, and what listeners can and cannot do to us. W31, W32, W33.
#include "wire/frames.h"

#include <cmath>

#include <gtest/gtest.h>

#include "wire/constants.gen.h"
#include "wire/event_encoder.h"

namespace headroom::wire {
namespace {

Bytes header(std::uint32_t channels, std::uint32_t frames, std::size_t body) {
  Bytes bytes(8 + body, 0);
  for (int i = 0; i < 4; ++i) {
    bytes[i] = static_cast<std::uint8_t>(channels >> (8 * i));
    bytes[4 + i] = static_cast<std::uint8_t>(frames >> (8 * i));
  }
  return bytes;
}

TEST(PcmFrame, TheBodyHasExactlyTheAnnouncedSize) {
  EXPECT_TRUE(parse_pcm(header(2, 1, 8)));
  EXPECT_TRUE(parse_pcm(header(2, 0, 0)));
  for (const auto& bad :
       {header(2, 1, 7), header(2, 1, 9), header(0, 1, 0), header(65, 1, 260),
        header(0xffffffffU, 0xffffffffU, 8), header(64, 0xffffffffU, 0), Bytes(7, 0), Bytes{}}) {
    const auto parsed = parse_pcm(bad);
    ASSERT_FALSE(parsed);
    EXPECT_FALSE(parsed.error().message.empty());
  }
}

TEST(PcmFrame, OneChannelIsDoubledAndMoreThanTwoAreDropped) {
  const std::vector<float> mono{1.0F, 2.0F};
  const auto one = make_pcm(mono, 1);
  EXPECT_EQ(read_pcm(parse_pcm(one).value()).samples, (std::vector<float>{1, 1, 2, 2}));
  const std::vector<float> three{1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F};
  const auto more = make_pcm(three, 3);
  EXPECT_EQ(read_pcm(parse_pcm(more).value()).samples, (std::vector<float>{1, 2, 4, 5}));
}

TEST(PcmFrame, WhatIsNoNumberIsSilence) {
  const std::vector<float> broken{NAN, 0.5F, INFINITY, -INFINITY};
  const auto frame = make_pcm(broken, 2);
  EXPECT_EQ(read_pcm(parse_pcm(frame).value()).samples, (std::vector<float>{0, 0.5F, 0, 0}));
}

TEST(SliceFrame, LiesAreRefused) {
  const std::vector<std::uint16_t> halves(200, 0x3c00);
  const auto good = make_slice({1, 10, 100, 2, 1, 2, 3}, halves);
  ASSERT_TRUE(parse_slice(good));
  auto more = good;
  more[5] = 101;  // announces more than there is
  EXPECT_FALSE(parse_slice(more));
  auto flags = good;
  flags[0] = 2;
  EXPECT_FALSE(parse_slice(flags));
  auto huge = good;
  huge[8] = 0xff;
  EXPECT_FALSE(parse_slice(huge)) << "gigabytes are never made room for";
  EXPECT_FALSE(parse_slice(Bytes(good.begin(), good.end() - 3)));
  EXPECT_FALSE(parse_slice(Bytes(22, 0)));
  EXPECT_FALSE(parse_slice(make_slice({0, 0, 3, 2, 0, 0, 0}, std::vector<std::uint16_t>(4))));
}

TEST(EventEncoder, ASliceBeforeAnyBufferIsNotSent) {
  EventEncoder encoder;
  EXPECT_TRUE(encoder.encode(Slice{.samples = std::make_shared<std::vector<float>>(4)}).empty());
}

TEST(EventEncoder, ASwapReplacesTheBase) {
  EventEncoder encoder({.after_buffer = 0, .every = 0});
  Ready ready;
  ready.buffer = std::make_shared<std::vector<std::uint16_t>>(200, 0x3c00);  // 1.0
  encoder.encode(ready);
  SwapReady swap;
  swap.buffer = std::make_shared<std::vector<std::uint16_t>>(20, 0x4000);  // 2.0
  encoder.encode(swap);
  const auto samples = std::make_shared<std::vector<float>>(8, 3.0F);
  const auto frames = encoder.encode(Slice{.start = 8, .samples = samples});
  const auto slice = parse_slice(std::get<Bytes>(frames.at(0)));
  ASSERT_TRUE(slice);
  EXPECT_EQ(slice.value().header.count, 2U) << "cut at the end of the new buffer";
  EXPECT_EQ(slice.value().halves, std::vector<std::uint16_t>(4, 0x3c00)) << "3 − 2";
}

TEST(EventEncoder, BuffersAreSharedAndNotCopied) {
  Ready ready;
  ready.buffer = std::make_shared<std::vector<std::uint16_t>>(4, 0);
  const auto frames = EventEncoder().encode(ready);
  EXPECT_EQ(std::get<AudioBlock>(frames.at(1)).get(), ready.buffer.get());
  EXPECT_EQ(size_of(frames[1]), 8U);
}

}  // namespace
}  // namespace headroom::wire
