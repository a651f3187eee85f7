// Small pictures without a library for pictures.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace headroom::train {

using Colour = std::array<std::uint8_t, 3>;

/// A picture of at most 256 colours, row by row from the top.
struct IndexedPicture {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::vector<std::uint8_t> pixels;  // [height · width], rows of `palette`
  std::vector<Colour> palette;
};

/// The bytes of a PNG file. Equal pictures give equal bytes with the same zlib. Throws
/// Error(internal) for sizes that do not agree.
std::string png_of(const IndexedPicture& picture);

/// Bytes as text, for a data: address.
std::string base64_of(const std::string& bytes);

}  // namespace headroom::train
