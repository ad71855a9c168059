/// Palette pictures and their PNG files.
#include <algorithm>
#include <string>

#include "attnviz/render.h"
#include "render/png.h"

namespace attnviz::render {
namespace {

void put_u32(std::vector<std::uint8_t>& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

/// A PNG chunk with its length and checksum.
void put_chunk(std::vector<std::uint8_t>& out, std::string_view type, std::span<const std::uint8_t> data) {
  put_u32(out, static_cast<std::uint32_t>(data.size()));
  const std::size_t start = out.size();
  out.insert(out.end(), type.begin(), type.end());
  out.insert(out.end(), data.begin(), data.end());
  put_u32(out, png_crc(std::span(out).subspan(start)));
}

}  // namespace

Image::Image(std::int64_t width, std::int64_t height, const Palette& palette, std::uint8_t fill)
    : palette_(palette) {
  if (width < 1 || height < 1 || width >= kMostPngBytes || height > kMostPngBytes / (width + 1)) {
    throw Error(ErrorKind::kOutput,
                "a picture of " + std::to_string(width) + " × " + std::to_string(height) +
                    " pixels cannot be made: the most is 2^31 bytes; draw fewer tokens or layers");
  }
  width_ = static_cast<int>(width);
  height_ = static_cast<int>(height);
  pixels_.assign(static_cast<std::size_t>(width * height), fill);
}

std::vector<std::uint8_t> encode_png(const Image& image) {
  // stb knows no palettes, but an indexed PNG is a grey one with another colour type and a PLTE chunk after
  // IHDR.
  constexpr std::size_t kHeader = 8;     // the signature
  constexpr std::size_t kIhdrData = 13;  // width, height, depth, colour type, …
  constexpr std::size_t kColorType = 9;  // within that
  constexpr std::size_t kIhdrChunk = 4 + 4 + kIhdrData + 4;
  const std::vector<std::uint8_t> grey = write_grey_png(image.pixels(), image.width(), image.height());
  std::vector<std::uint8_t> png(grey.begin(), grey.begin() + kHeader);
  png.reserve(grey.size() + 3 * 256 + 12);
  std::array<std::uint8_t, kIhdrData> ihdr{};
  std::copy_n(grey.begin() + kHeader + 8, kIhdrData, ihdr.begin());
  ihdr[kColorType] = 3;
  put_chunk(png, "IHDR", ihdr);
  std::vector<std::uint8_t> colors;
  colors.reserve(3 * image.palette().size());
  for (const Rgb& rgb : image.palette()) colors.insert(colors.end(), rgb.begin(), rgb.end());
  put_chunk(png, "PLTE", colors);
  png.insert(png.end(), grey.begin() + kHeader + kIhdrChunk, grey.end());
  return png;
}

}  // namespace attnviz::render
