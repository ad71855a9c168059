/// Decoded pictures and how alike two of them are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "attnviz/render.h"

namespace attnviz::render::test {

/// 8-bit RGB, rows from the top. No pixels: the bytes were no PNG.
struct Picture {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgb;
};

/// By libpng, which checks every checksum.
Picture decode_png(const std::vector<std::uint8_t>& bytes);
Picture picture_of(const Image& image);

/// Empty when `found` is `expected` up to what another FreeType may draw: sizes are equal, at most 3 in 1,000
/// pixels differ by more than 48 in a channel, and no block of 16 × 16 differs by more than 20 in the mean.
/// Otherwise says what.
std::string difference(const Picture& found, const Picture& expected);

std::vector<std::uint8_t> read_bytes(const std::string& path);
void write_bytes(const std::string& path, const std::vector<std::uint8_t>& bytes);

}  // namespace attnviz::render::test
