#include "source/zip.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <limits>
#include <unordered_set>
#include <utility>

#include "attnviz/core.h"
#include "core/utf8.h"

namespace attnviz::source {

namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kDirectoryRecord = 0x02014b50;
constexpr std::uint32_t kEndOfDirectory = 0x06054b50;
constexpr std::uint32_t kEndOfDirectory64 = 0x06064b50;
constexpr std::uint32_t kLocator64 = 0x07064b50;
constexpr std::size_t kEndSize = 22;
constexpr std::size_t kEndSize64 = 56;
constexpr std::size_t kLocatorSize = 20;
constexpr std::size_t kRecordSize = 46;
constexpr std::size_t kLocalSize = 30;
constexpr std::size_t kLongestComment = 0xFFFF;
constexpr std::size_t kLongestName = 4096;
constexpr std::size_t kPiece = std::size_t{1} << 18U;
constexpr std::uint16_t kEncrypted = 1;

// How much more than its own size a file may unpack to: weights hardly shrink, code and masks do.
constexpr std::uint64_t kMostUnpacked = std::uint64_t{64} << 20U;
constexpr std::uint64_t kMostRatio = 100;

// Little-endian unsigned integer at `offset`, which must be inside.
template <class Integer>
Integer read_integer(std::string_view bytes, std::size_t offset) {
  Integer value = 0;
  for (std::size_t i = sizeof(Integer); i > 0; --i) {
    value = static_cast<Integer>(value << 8U) | static_cast<unsigned char>(bytes[offset + i - 1]);
  }
  return value;
}

std::uint16_t u16(std::string_view bytes, std::size_t offset) {
  return read_integer<std::uint16_t>(bytes, offset);
}
std::uint32_t u32(std::string_view bytes, std::size_t offset) {
  return read_integer<std::uint32_t>(bytes, offset);
}
std::uint64_t u64(std::string_view bytes, std::size_t offset) {
  return read_integer<std::uint64_t>(bytes, offset);
}

// The part of an extra field that belongs to zip64; empty when there is none.
std::string_view zip64_part(std::string_view extra) {
  while (extra.size() >= 4) {
    const std::size_t length = u16(extra, 2);
    if (length > extra.size() - 4) return {};
    if (u16(extra, 0) == 1) return extra.substr(4, length);
    extra.remove_prefix(4 + length);
  }
  return {};
}

bool leads_elsewhere(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.size() > kLongestName) return true;
  if (name.find('\0') != std::string_view::npos || name.find('\\') != std::string_view::npos) return true;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    if (name.substr(begin, end - begin) == "..") return true;
    begin = end + 1;
  }
  return false;
}

std::uint32_t checksum_of(std::uint32_t so_far, std::string_view bytes) {
  return crc32_gzip_refl(so_far, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

ZipFile::ZipFile(std::unique_ptr<std::istream> stream, std::string where)
    : stream_(std::move(stream)), where_(std::move(where)) {
  stream_->seekg(0, std::ios::end);
  const auto end = stream_->tellg();
  if (end < 0) throw Error(ErrorKind::kInput, where_ + " cannot be read");
  size_ = static_cast<std::uint64_t>(end);
  read_directory();
  check_names();
}

void ZipFile::refuse(const std::string& trouble) const {
  throw Error(ErrorKind::kInput, where_ + " is damaged or cut short: " + trouble +
                                     "; copy it again, or save it again in Python");
}

std::string ZipFile::bytes(std::uint64_t offset, std::size_t count) {
  if (offset > size_ || count > size_ - offset) refuse("the zip file ends too early");
  std::string piece(count, '\0');
  stream_->clear();
  stream_->seekg(static_cast<std::streamoff>(offset));
  stream_->read(piece.data(), static_cast<std::streamsize>(count));
  if (static_cast<std::size_t>(stream_->gcount()) != count) refuse("it cannot be read to its end");
  return piece;
}

void ZipFile::read_directory() {
  const std::size_t tail_size =
      static_cast<std::size_t>(std::min<std::uint64_t>(size_, kEndSize + kLongestComment));
  const std::string tail = bytes(size_ - tail_size, tail_size);
  std::size_t at = tail_size < kEndSize ? std::string::npos : tail_size - kEndSize;
  while (at != std::string::npos && u32(tail, at) != kEndOfDirectory)
    at = at == 0 ? std::string::npos : at - 1;
  if (at == std::string::npos) refuse("its end, with the zip file's directory, is missing");
  const std::uint64_t end = size_ - tail_size + at;
  if (at + kEndSize + u16(tail, at + 20) != tail_size) refuse("there is something after the zip file's end");
  if (u16(tail, at + 4) != 0 || u16(tail, at + 6) != 0) refuse("it is one of several parts");
  std::uint64_t count = u16(tail, at + 10);
  std::uint64_t length = u32(tail, at + 12);
  std::uint64_t begin = u32(tail, at + 16);
  std::uint64_t stop = end;
  if (end >= kLocatorSize + kEndSize64) {
    const std::string locator = bytes(end - kLocatorSize, kLocatorSize);
    if (u32(locator, 0) == kLocator64) {
      stop = u64(locator, 8);
      const std::string end64 = bytes(stop, kEndSize64);
      if (u32(end64, 0) != kEndOfDirectory64) refuse("the zip file's directory is not where it should be");
      count = u64(end64, 32);
      length = u64(end64, 40);
      begin = u64(end64, 48);
    }
  }
  if (length > stop || begin != stop - length) refuse("the zip file's directory is not where it should be");
  const std::string directory = bytes(begin, static_cast<std::size_t>(length));
  for (std::string_view rest = directory; !rest.empty();) {
    if (rest.size() < kRecordSize || u32(rest, 0) != kDirectoryRecord)
      refuse("the zip file's directory is broken");
    const std::size_t whole = kRecordSize + u16(rest, 28) + u16(rest, 30) + u16(rest, 32);
    if (whole > rest.size()) refuse("the zip file's directory is broken");
    entries_.push_back(read_entry(rest.substr(0, whole)));
    rest.remove_prefix(whole);
  }
  if (entries_.size() != count) refuse("the zip file's directory is broken");
  check_room(begin);
}

ZipEntry ZipFile::read_entry(std::string_view record) {
  ZipEntry entry;
  const std::size_t name_length = u16(record, 28);
  entry.name = record.substr(kRecordSize, name_length);
  const std::uint16_t method = u16(record, 10);
  if ((u16(record, 8) & kEncrypted) != 0) refuse("its entry '" + utf8::shown(entry.name) + "' is encrypted");
  if (method != 0 && method != 8)
    refuse("its entry '" + utf8::shown(entry.name) + "' is packed in an unknown way");
  entry.deflated = method == 8;
  entry.checksum = u32(record, 16);
  entry.packed = u32(record, 20);
  entry.size = u32(record, 24);
  entry.header = u32(record, 42);
  std::string_view wide = zip64_part(record.substr(kRecordSize + name_length, u16(record, 30)));
  for (std::uint64_t* field : {&entry.size, &entry.packed, &entry.header}) {
    if (*field != std::numeric_limits<std::uint32_t>::max()) continue;
    if (wide.size() < 8) refuse("its entry '" + utf8::shown(entry.name) + "' has no size");
    *field = u64(wide, 0);
    wide.remove_prefix(8);
  }
  if (!entry.deflated && entry.packed != entry.size)
    refuse("its entry '" + utf8::shown(entry.name) + "' has two sizes");
  return entry;
}

void ZipFile::check_names() const {
  std::unordered_set<std::string_view> seen;
  for (const ZipEntry& entry : entries_) {
    if (leads_elsewhere(entry.name)) {
      throw Error(ErrorKind::kInput, where_ + " is a zip file with an entry '" + utf8::shown(entry.name) +
                                         "', whose name leads elsewhere; it is not opened");
    }
    if (!seen.insert(entry.name).second) refuse("it has two entries '" + utf8::shown(entry.name) + "'");
  }
}

// Entries lie before the directory, one after the other, and do not unpack to a multiple of the file.
void ZipFile::check_room(std::uint64_t directory) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  std::uint64_t unpacked = 0;
  const std::uint64_t most = kMostUnpacked + kMostRatio * size_;
  for (const ZipEntry& entry : entries_) {
    if (entry.size > most || unpacked > most - entry.size) {
      throw Error(ErrorKind::kInput, where_ + " has " + std::to_string(size_) +
                                         " bytes and would unpack to more than " + std::to_string(most) +
                                         "; it is not opened");
    }
    unpacked += entry.size;
    const std::uint64_t begin = content_offset(entry);
    if (begin > directory || entry.packed > directory - begin) {
      refuse("its entry '" + utf8::shown(entry.name) + "' is longer than the file");
    }
    ranges.emplace_back(entry.header, begin + entry.packed);
  }
  std::sort(ranges.begin(), ranges.end());
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i].first < ranges[i - 1].second) refuse("two of its entries lie in the same place");
  }
}

std::uint64_t ZipFile::content_offset(const ZipEntry& entry) {
  const std::string local = bytes(entry.header, kLocalSize);
  const std::size_t name_length = u16(local, 26);
  if (u32(local, 0) != kLocalHeader || name_length != entry.name.size() ||
      (u16(local, 8) == 8) != entry.deflated || bytes(entry.header + kLocalSize, name_length) != entry.name) {
    refuse("its entry '" + utf8::shown(entry.name) + "' is not where the directory says");
  }
  return entry.header + kLocalSize + name_length + u16(local, 28);
}

const ZipEntry* ZipFile::find(std::string_view name) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const ZipEntry& entry) { return entry.name == name; });
  return found == entries_.end() ? nullptr : &*found;
}

void ZipFile::stream_stored(const ZipEntry& entry, const Taker& take) {
  const std::uint64_t begin = content_offset(entry);
  for (std::uint64_t done = 0; done < entry.size;) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, entry.size - done));
    take(bytes(begin + done, count));
    done += count;
  }
}

void ZipFile::stream_deflated(const ZipEntry& entry, const Taker& take) {
  const std::uint64_t begin = content_offset(entry);
  const auto state = std::make_unique<inflate_state>();
  isal_inflate_init(state.get());
  std::string in;
  std::string out(kPiece, '\0');
  std::uint64_t read = 0;
  std::uint64_t written = 0;
  while (state->block_state != ISAL_BLOCK_FINISH) {
    if (state->avail_in == 0 && read < entry.packed) {
      in =
          bytes(begin + read, static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, entry.packed - read)));
      read += in.size();
      state->next_in = reinterpret_cast<std::uint8_t*>(in.data());
      state->avail_in = static_cast<std::uint32_t>(in.size());
    }
    state->next_out = reinterpret_cast<std::uint8_t*>(out.data());
    state->avail_out = static_cast<std::uint32_t>(out.size());
    const bool last_piece = state->avail_in == 0;
    const int result = isal_inflate(state.get());
    const std::size_t count = out.size() - state->avail_out;
    written += count;
    const bool stuck = last_piece && count == 0 && state->block_state != ISAL_BLOCK_FINISH;
    if (result != ISAL_DECOMP_OK || written > entry.size || stuck) break;
    take(std::string_view(out).substr(0, count));
  }
  if (state->block_state != ISAL_BLOCK_FINISH || written != entry.size) {
    refuse("its entry '" + utf8::shown(entry.name) + "' cannot be unpacked");
  }
}

void ZipFile::stream_content(const ZipEntry& entry, const Taker& take) {
  std::uint32_t checksum = 0;
  const Taker summing = [&](std::string_view piece) {
    checksum = checksum_of(checksum, piece);
    take(piece);
  };
  entry.deflated ? stream_deflated(entry, summing) : stream_stored(entry, summing);
  if (checksum != entry.checksum)
    refuse("its entry '" + utf8::shown(entry.name) + "' is not what its checksum says");
}

std::string ZipFile::read(const ZipEntry& entry) {
  std::string content;
  stream_content(entry, [&](std::string_view piece) { content += piece; });
  return content;
}

void ZipFile::verify() {
  for (const ZipEntry& entry : entries_) {
    stream_content(entry, [](std::string_view) {});
  }
}

}  // namespace attnviz::source
