#include "bench/render_plain_stb.h"

#include <cstdlib>

#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#define STB_IMAGE_WRITE_IMPLEMENTATION
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace attnviz::bench {

std::size_t plain_stb(const std::vector<std::uint8_t>& rgb, int width, int height) {
  int size = 0;
  std::free(stbi_write_png_to_mem(rgb.data(), 3 * width, width, height, 3, &size));
  return static_cast<std::size_t>(size);
}

}  // namespace attnviz::bench
