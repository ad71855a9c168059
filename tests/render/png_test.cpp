/// The PNG file against a decoder of its own: pixels, palette, checksums.
#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "attnviz/render.h"
#include "render/fixtures.h"
#include "render/pictures.h"

namespace attnviz::render {
namespace {

Palette some_palette() {
  Palette palette{};
  for (std::size_t i = 0; i < palette.size(); ++i) {
    palette[i] = {static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(255 - i),
                  static_cast<std::uint8_t>(i * 7)};
  }
  return palette;
}

Image noise(int width, int height, std::uint64_t seed) {
  Image image(width, height, some_palette(), 0);
  test::Random random(seed);
  for (std::uint8_t& pixel : image.pixels()) pixel = static_cast<std::uint8_t>(random.below(256));
  return image;
}

void expect_decodes_to(const Image& image, const test::Picture& decoded) {
  ASSERT_EQ(decoded.width, image.width());
  ASSERT_EQ(decoded.height, image.height());
  for (std::size_t i = 0; i < image.pixels().size(); ++i) {
    const Rgb& rgb = image.palette()[image.pixels()[i]];
    ASSERT_EQ(0, std::memcmp(rgb.data(), &decoded.rgb[3 * i], 3)) << "pixel " << i;
  }
}

TEST(Png, DecodesToTheSamePixelsAtManySizes) {
  for (const auto& [width, height] : {std::pair{1, 1}, {1, 70}, {97, 1}, {255, 64}, {1600, 900}}) {
    const Image image = noise(width, height, static_cast<std::uint64_t>(width));
    expect_decodes_to(image, test::decode_png(encode_png(image)));
  }
}

TEST(Png, NoiseThatDoesNotCompressStillFits) {
  const Image image = noise(2048, 1024, 5);
  const std::vector<std::uint8_t> png = encode_png(image);
  EXPECT_LT(png.size(), image.pixels().size() + image.pixels().size() / 500 + 2000);
  expect_decodes_to(image, test::decode_png(png));
}

TEST(Png, IsIndexedWithThePaletteAfterTheHeader) {
  const std::vector<std::uint8_t> png = encode_png(noise(3, 2, 1));
  EXPECT_EQ(png[25], 3) << "colour type";
  EXPECT_EQ(std::string(png.begin() + 37, png.begin() + 41), "PLTE");
}

TEST(Png, TheSameImageGivesTheSameBytes) {
  EXPECT_EQ(encode_png(noise(300, 200, 9)), encode_png(noise(300, 200, 9)));
}

// Blocks that are kept move what is allocated next, by up to half a gigabyte.
TEST(Png, TheBytesDoNotDependOnAddresses) {
  const Image image = noise(300, 200, 9);
  const std::vector<std::uint8_t> png = encode_png(image);
  std::vector<std::unique_ptr<std::uint8_t[]>> kept;
  for (int i = 0; i < 2000; ++i) {
    kept.emplace_back(new std::uint8_t[std::size_t{256} << 10U]);
    ASSERT_EQ(encode_png(image), png) << "after " << i << " blocks";
  }
}

TEST(Png, FlatPicturesAreSmall) {
  EXPECT_LT(encode_png(Image(1000, 1000, some_palette(), 3)).size(), 16000U);
}

TEST(Image, RefusesSidesBelowOneAndMoreThan2To31Bytes) {
  for (const auto& [width, height] : {std::pair<std::int64_t, std::int64_t>{0, 5},
                                      {5, 0},
                                      {-1, 5},
                                      {65536, 32768},
                                      {2147483647, 1},
                                      {1LL << 40, 1LL << 40}}) {
    try {
      Image(width, height, some_palette(), 0);
      FAIL() << width << " × " << height;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kOutput);
      EXPECT_NE(std::string(error.what()).find(std::to_string(width)), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace attnviz::render
