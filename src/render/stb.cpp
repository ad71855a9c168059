// The one file that includes stb, compiled -O3, with a faster compressor and checksum hooked in: ISA-L where
// the build found it, otherwise libdeflate.
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "attnviz/core.h"
#include "render/png.h"

#ifdef ATTNVIZ_LIBDEFLATE
#include <libdeflate.h>
#else
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#endif

namespace {

#ifdef ATTNVIZ_LIBDEFLATE

unsigned char* compress(unsigned char* data, int size, int* compressed_size, int /*quality*/) {
  libdeflate_compressor* compressor = libdeflate_alloc_compressor(1);
  if (compressor == nullptr) return nullptr;
  const std::size_t most = libdeflate_zlib_compress_bound(compressor, static_cast<std::size_t>(size));
  auto* out = static_cast<unsigned char*>(std::malloc(most));
  const std::size_t written =
      out == nullptr ? 0
                     : libdeflate_zlib_compress(compressor, data, static_cast<std::size_t>(size), out, most);
  libdeflate_free_compressor(compressor);
  *compressed_size = static_cast<int>(written);
  return out;
}

unsigned int crc(unsigned char* data, int size) {
  return libdeflate_crc32(0, data, static_cast<std::size_t>(size));
}

#else

// Level 0, with Huffman tables for each picture: levels 1 and 2 of ISA-L 2.30 make other bytes of the same
// pixels where the address of their state happens to hash as some of the data does, about once in a thousand
// addresses.
unsigned char* compress(unsigned char* data, int size, int* compressed_size, int /*quality*/) {
  // Stored blocks bound what deflate makes of bytes that do not compress.
  const std::size_t most = static_cast<std::size_t>(size) + static_cast<std::size_t>(size) / 1024 + 4096;
  const auto histogram = std::make_unique<isal_huff_histogram>();
  const auto tables = std::make_unique<isal_hufftables>();
  const auto stream = std::make_unique<isal_zstream>();
  auto* out = static_cast<unsigned char*>(std::malloc(most));
  if (out == nullptr) return nullptr;
  isal_deflate_init(stream.get());
  isal_update_histogram(data, size, histogram.get());
  if (isal_create_hufftables(tables.get(), histogram.get()) == 0) stream->hufftables = tables.get();
  stream->gzip_flag = IGZIP_ZLIB;
  stream->end_of_stream = 1;
  stream->flush = NO_FLUSH;
  stream->next_in = data;
  stream->avail_in = static_cast<std::uint32_t>(size);
  stream->next_out = out;
  stream->avail_out = static_cast<std::uint32_t>(most);
  if (isal_deflate(stream.get()) != COMP_OK || stream->internal_state.state != ZSTATE_END) {
    std::free(out);
    return nullptr;
  }
  *compressed_size = static_cast<int>(stream->total_out);
  return out;
}

unsigned int crc(unsigned char* data, int size) {
  return crc32_gzip_refl(0, data, static_cast<std::uint64_t>(size));
}

#endif

}  // namespace

#define STBIW_ZLIB_COMPRESS compress
#define STBIW_CRC32 crc
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#define STB_IMAGE_WRITE_IMPLEMENTATION
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace attnviz::render {
namespace {

/// stb's settings are globals; set before main, they are only read afterwards.
const bool kConfigured = [] {
  stbi_write_force_png_filter = 0;  // filters make pictures of few colours larger
  return true;
}();

}  // namespace

std::vector<std::uint8_t> write_grey_png(std::span<const std::uint8_t> pixels, int width, int height) {
  int size = 0;
  const std::unique_ptr<unsigned char, decltype(&std::free)> png(
      kConfigured ? stbi_write_png_to_mem(pixels.data(), width, width, height, 1, &size) : nullptr,
      &std::free);
  if (png == nullptr) {
    throw Error(ErrorKind::kOutput, "a picture of " + std::to_string(width) + " × " + std::to_string(height) +
                                        " pixels does not fit into memory; draw fewer tokens or layers");
  }
  return {png.get(), png.get() + size};
}

std::uint32_t png_crc(std::span<const std::uint8_t> bytes) noexcept {
  return crc(const_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
}

}  // namespace attnviz::render
