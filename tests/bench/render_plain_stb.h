/// stb_image_write as it comes, for comparison.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace attnviz::bench {

/// Size of the PNG of an RGB picture by stb's own compressor and filters.
std::size_t plain_stb(const std::vector<std::uint8_t>& rgb, int width, int height);

}  // namespace attnviz::bench
