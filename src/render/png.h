/// The PNG encoder's two ends: what stb writes, and the palette that is put into it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace attnviz::render {

/// Most bytes that stb, which counts in int, can take: rows × (columns + 1).
inline constexpr std::int64_t kMostPngBytes = 2147483647;

/// 8-bit grey PNG of width × height bytes by stb_image_write, filter 0. Throws kOutput when memory runs out.
std::vector<std::uint8_t> write_grey_png(std::span<const std::uint8_t> pixels, int width, int height);

/// CRC-32 of PNG chunks.
std::uint32_t png_crc(std::span<const std::uint8_t> bytes) noexcept;

}  // namespace attnviz::render
