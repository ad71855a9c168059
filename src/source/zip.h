/// Zip files as PyTorch writes them, read with distrust before torch sees them. Nothing here needs torch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <istream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace attnviz::source {

/// One file inside a zip file.
struct ZipEntry {
  std::string name;            ///< As the directory spells it; neither absolute nor with "..".
  bool deflated = false;       ///< Else it is stored as it is.
  std::uint32_t checksum = 0;  ///< CRC-32 of its content.
  std::uint64_t header = 0;    ///< Offset of its local header.
  std::uint64_t packed = 0;    ///< Bytes that it takes in the file.
  std::uint64_t size = 0;      ///< Bytes of its content.
};

/// A zip file (APPNOTE 6.3, zip64 included) of one disk, without encryption. Whatever the bytes are, the
/// constructor ends in time and memory that grow with the file's size alone. (libzip tells nothing of where
/// entries lie, so that it accepts overlapping ones, and takes three times as long and more for the
/// checksums.)
class ZipFile {
 public:
  /// Reads the directory of the zip file that `stream` holds. `where` names it in errors: "the model 'x.pt'".
  /// Throws kInput when it is damaged or cut short, when entries overlap, have one name twice or names that
  /// lead elsewhere, and when it would unpack to much more than its own size.
  ZipFile(std::unique_ptr<std::istream> stream, std::string where);

  const std::vector<ZipEntry>& entries() const { return entries_; }
  /// Entry called `name`, or null.
  const ZipEntry* find(std::string_view name) const;

  /// Content of an entry. Throws kInput when it is not what its checksum says.
  std::string read(const ZipEntry& entry);

  /// Throws kInput, naming the entry, unless every content is what its checksum says.
  void verify();

 private:
  using Taker = std::function<void(std::string_view piece)>;

  [[noreturn]] void refuse(const std::string& trouble) const;
  std::string bytes(std::uint64_t offset, std::size_t count);
  void read_directory();
  ZipEntry read_entry(std::string_view record);
  void check_names() const;
  void check_room(std::uint64_t directory);
  std::uint64_t content_offset(const ZipEntry& entry);
  void stream_content(const ZipEntry& entry, const Taker& take);
  void stream_stored(const ZipEntry& entry, const Taker& take);
  void stream_deflated(const ZipEntry& entry, const Taker& take);

  std::unique_ptr<std::istream> stream_;
  std::string where_;
  std::uint64_t size_ = 0;
  std::vector<ZipEntry> entries_;
};

}  // namespace attnviz::source
