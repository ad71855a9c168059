#include "source/zips.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "source/zip.h"

namespace attnviz::source::zoo {

namespace {

void put(std::string& bytes, std::uint64_t value, int count) {
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFFU);
}

// What the local header and the directory both say of an entry.
void put_common(std::string& bytes, const Part& part) {
  const auto* content = reinterpret_cast<const std::uint8_t*>(part.content.data());
  const std::uint32_t size = part.size.value_or(static_cast<std::uint32_t>(part.content.size()));
  put(bytes, 20, 2);
  put(bytes, part.flags, 2);
  put(bytes, part.method, 2);
  put(bytes, 0x00210000, 4);  // 1980-01-01
  put(bytes, part.checksum.value_or(crc32_gzip_refl(0, content, part.content.size())), 4);
  put(bytes, size, 4);
  put(bytes, size + part.unpacked_more, 4);
}

}  // namespace

std::string make_zip(const std::vector<Part>& parts) {
  std::string bytes;
  std::string directory;
  for (const Part& part : parts) {
    const std::string& told = part.told.value_or(part.name);
    put(directory, 0x02014b50, 4);
    put(directory, 20, 2);
    put_common(directory, part);
    put(directory, told.size(), 2);
    put(directory, 0, 12);
    put(directory, bytes.size(), 4);
    directory += told;
    put(bytes, 0x04034b50, 4);
    put_common(bytes, part);
    put(bytes, part.name.size(), 2);
    put(bytes, 0, 2);
    bytes += part.name + part.content;
  }
  const std::size_t begin = bytes.size();
  bytes += directory;
  put(bytes, 0x06054b50, 4);
  put(bytes, 0, 4);
  put(bytes, parts.size(), 2);
  put(bytes, parts.size(), 2);
  put(bytes, directory.size(), 4);
  put(bytes, begin, 4);
  put(bytes, 0, 2);
  return bytes;
}

std::vector<Part> parts_of(const std::string& path) {
  ZipFile zip(std::make_unique<std::ifstream>(path, std::ios::binary), path);
  std::vector<Part> parts;
  for (const ZipEntry& entry : zip.entries()) {
    Part& part = parts.emplace_back();
    part.name = entry.name;
    part.content = zip.read(entry);
  }
  return parts;
}

Part& part(std::vector<Part>& parts, const std::string& ending) {
  for (Part& one : parts) {
    if (one.name.ends_with(ending)) return one;
  }
  throw std::out_of_range(ending);
}

std::vector<Part> without(std::vector<Part> parts, const std::string& ending) {
  std::erase_if(parts, [&](const Part& one) { return one.name.ends_with(ending); });
  return parts;
}

}  // namespace attnviz::source::zoo
