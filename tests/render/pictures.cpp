#include "render/pictures.h"

#include <png.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace attnviz::render::test {

Picture decode_png(const std::vector<std::uint8_t>& bytes) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()) == 0) return {};
  image.format = PNG_FORMAT_RGB;
  std::vector<std::uint8_t> rgb(PNG_IMAGE_SIZE(image));
  if (png_image_finish_read(&image, nullptr, rgb.data(), 0, nullptr) == 0) return {};
  return {static_cast<int>(image.width), static_cast<int>(image.height), std::move(rgb)};
}

Picture picture_of(const Image& image) {
  Picture picture = {image.width(), image.height(), {}};
  picture.rgb.reserve(3 * image.pixels().size());
  for (const std::uint8_t index : image.pixels()) {
    picture.rgb.insert(picture.rgb.end(), image.palette()[index].begin(), image.palette()[index].end());
  }
  return picture;
}

std::string difference(const Picture& found, const Picture& expected) {
  const auto size = [](const Picture& p) {
    return std::to_string(p.width) + " × " + std::to_string(p.height);
  };
  if (found.width != expected.width || found.height != expected.height) {
    return "is " + size(found) + ", not " + size(expected);
  }
  constexpr int kBlock = 16;
  constexpr int kFar = 48;
  constexpr double kMostInBlock = 20;
  const auto off = [&](int x, int y) {
    const auto at = 3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(found.width) +
                         static_cast<std::size_t>(x));
    int most = 0;
    for (std::size_t i = at; i < at + 3; ++i) most = std::max(most, std::abs(found.rgb[i] - expected.rgb[i]));
    return most;
  };
  std::int64_t far = 0;
  for (int top = 0; top < found.height; top += kBlock) {
    for (int left = 0; left < found.width; left += kBlock) {
      std::int64_t sum = 0;
      for (int y = top; y < std::min(top + kBlock, found.height); ++y) {
        for (int x = left; x < std::min(left + kBlock, found.width); ++x) {
          sum += off(x, y);
          far += off(x, y) > kFar ? 1 : 0;
        }
      }
      if (static_cast<double>(sum) > kMostInBlock * kBlock * kBlock) {
        return "differs around (" + std::to_string(left) + ", " + std::to_string(top) + ")";
      }
    }
  }
  const std::int64_t pixels = static_cast<std::int64_t>(found.width) * found.height;
  return far * 1000 <= 3 * pixels ? ""
                                  : std::to_string(far) + " of " + std::to_string(pixels) + " pixels differ";
}

std::vector<std::uint8_t> read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_bytes(const std::string& path, const std::vector<std::uint8_t>& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace attnviz::render::test
