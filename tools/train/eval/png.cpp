#include "train/eval/png.h"

#include <string_view>
#include <zlib.h>

#include "base/error.h"

namespace headroom::train {
namespace {

std::string big_endian(std::uint32_t value) {
  std::string text;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) text += static_cast<char>(value >> shift & 0xFFU);
  return text;
}

const Bytef* bytes_of(const std::string& text) {
  return reinterpret_cast<const Bytef*>(text.data());
}

std::string chunk(std::string_view name, const std::string& data) {
  const auto body = std::string(name) + data;
  const auto sum = crc32(0, bytes_of(body), static_cast<uInt>(body.size()));
  return big_endian(static_cast<std::uint32_t>(data.size())) + body +
         big_endian(static_cast<std::uint32_t>(sum));
}

std::string deflated(const std::string& data) {
  auto size = compressBound(data.size());
  std::string packed(size, '\0');
  if (compress2(reinterpret_cast<Bytef*>(packed.data()), &size, bytes_of(data), data.size(),
                Z_BEST_COMPRESSION) != Z_OK)
    throw Error(ErrorKind::internal, "zlib does not pack a picture");
  packed.resize(size);
  return packed;
}

}  // namespace

std::string png_of(const IndexedPicture& picture) {
  const size_t width = picture.width;
  if (picture.pixels.size() != width * picture.height || picture.palette.empty() ||
      picture.palette.size() > 256)
    throw Error(ErrorKind::internal, "a picture whose sizes do not agree");
  std::string palette;
  for (const auto& colour : picture.palette)
    for (const auto part : colour) palette += static_cast<char>(part);
  std::string rows;
  for (size_t y = 0; y < picture.height; ++y) {
    rows += '\0';  // no filter
    rows.append(reinterpret_cast<const char*>(picture.pixels.data() + y * width), width);
  }
  constexpr std::string_view indexed("\x08\x03\x00\x00\x00", 5);  // 8 bits, palette, plain
  return "\x89PNG\r\n\x1a\n" +
         chunk("IHDR",
               big_endian(picture.width) + big_endian(picture.height) + std::string(indexed)) +
         chunk("PLTE", palette) + chunk("IDAT", deflated(rows)) + chunk("IEND", "");
}

std::string base64_of(const std::string& bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    std::uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k) {
      bits = bits << 8U;
      if (k < count) bits |= static_cast<unsigned char>(bytes[i + k]);
    }
    for (size_t k = 0; k < 4; ++k) text += k <= count ? digits[bits >> (18 - 6 * k) & 63U] : '=';
  }
  return text;
}

}  // namespace headroom::train
