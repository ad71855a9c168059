#include <minizip/zip.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <exception>
#include <memory>
#include <set>

#include "attnviz/report.h"

namespace attnviz::report {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 24;      ///< Bytes handed to minizip at once.
constexpr std::uint64_t kLargestWithout64 = 0xFFFFFFFFU;  ///< Of a zip member without zip64 sizes.
constexpr uLong kFirstDay = 1U << 21 | 1U << 16;          ///< 1980-01-01 00:00 as DOS has it.
constexpr uLong kUtf8Name = 1U << 11;
constexpr std::size_t kMostAxes = 32;  ///< NumPy's own limit before 2.0.

[[noreturn]] void refuse(const NpzArray& array, const std::string& found) {
  throw Error(ErrorKind::kUsage, "the npz array '" + array.name + "' " + found);
}

std::string_view bytes_of(const NpzArray& array) {
  return std::visit(
      [](const auto& values) {
        return std::string_view(reinterpret_cast<const char*>(values.data()),
                                values.size() * sizeof(values[0]));
      },
      array.values);
}

std::uint64_t count_of(const NpzArray& array) {
  std::uint64_t count = 1;
  for (const std::int64_t axis : array.shape) {
    if (axis < 0) refuse(array, "has an axis of length " + std::to_string(axis));
    if (axis == 0) return 0;
  }
  for (const std::int64_t axis : array.shape) {
    if (__builtin_mul_overflow(count, static_cast<std::uint64_t>(axis), &count))
      refuse(array, "has a shape of more than 2^64 values");
  }
  return count;
}

void check(std::span<const NpzArray> arrays) {
  std::set<std::string_view> names;
  for (const NpzArray& array : arrays) {
    if (array.name.empty() || array.name.size() > 1000 || array.name.find('/') != std::string::npos ||
        array.name.find('\0') != std::string::npos || find_invalid_utf8(array.name))
      refuse(array, "needs a name of 1 to 1000 bytes of UTF-8 without '/'");
    if (!names.insert(array.name).second) refuse(array, "is there twice");
    if (array.shape.size() > kMostAxes) refuse(array, "has more than 32 axes");
    const std::uint64_t expected = count_of(array);
    const std::size_t found = std::visit([](const auto& values) { return values.size(); }, array.values);
    if (found != expected) {
      refuse(array, "has " + std::to_string(found) + " values, its shape " + std::to_string(expected));
    }
  }
}

/// Magic, version and dictionary of the .npy format 1.0, padded so that values begin at a multiple of 64
/// bytes.
std::string npy_header(const NpzArray& array) {
  const char order = std::endian::native == std::endian::little ? '<' : '>';
  std::string text = std::string("{'descr': '") + order +
                     (std::holds_alternative<std::vector<float>>(array.values) ? "f4" : "i8") +
                     "', 'fortran_order': False, 'shape': (";
  for (const std::int64_t axis : array.shape)
    text += std::to_string(axis) + (array.shape.size() == 1 ? "," : ", ");
  if (array.shape.size() > 1) text.resize(text.size() - 2);
  text += "), }";
  constexpr std::size_t kBefore = 10;  // magic, version, length
  text.append(63 - (kBefore + text.size()) % 64, ' ');
  text += '\n';
  const std::string length = {static_cast<char>(text.size() & 0xFF), static_cast<char>(text.size() >> 8)};
  return std::string("\x93NUMPY\x01\x00", 8) + length + text;
}

/// What minizip writes to: it knows where it stands, and keeps what a write threw, as that cannot pass
/// through C.
struct Target {
  const WriteAt& write;
  std::uint64_t at = 0, end = 0;
  std::exception_ptr failure;
};

voidpf open_target(voidpf opaque, const void*, int) { return opaque; }
uLong read_target(voidpf, voidpf, void*, uLong) { return 0; }
int close_target(voidpf, voidpf) { return 0; }
int error_of_target(voidpf opaque, voidpf) { return static_cast<Target*>(opaque)->failure ? 1 : 0; }
ZPOS64_T tell_target(voidpf opaque, voidpf) { return static_cast<Target*>(opaque)->at; }

long seek_target(voidpf opaque, voidpf, ZPOS64_T offset, int origin) {
  auto& target = *static_cast<Target*>(opaque);
  target.at = offset + (origin == ZLIB_FILEFUNC_SEEK_CUR   ? target.at
                        : origin == ZLIB_FILEFUNC_SEEK_END ? target.end
                                                           : 0);
  return 0;
}

uLong write_target(voidpf opaque, voidpf, const void* bytes, uLong size) {
  auto& target = *static_cast<Target*>(opaque);
  if (target.failure) return 0;
  try {
    target.write(target.at, {static_cast<const char*>(bytes), size});
  } catch (...) {
    target.failure = std::current_exception();
    return 0;
  }
  target.at += size;
  target.end = std::max(target.end, target.at);
  return size;
}

/// Throws what a write threw, or kOutput with minizip's number.
void must(int result, const Target& target) {
  if (target.failure) std::rethrow_exception(target.failure);
  if (result != ZIP_OK)
    throw Error(ErrorKind::kOutput, "cannot write the npz file: minizip says " + std::to_string(result));
}

void put(zipFile zip, const Target& target, std::string_view bytes) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(kPiece, bytes.size()))) {
    const auto size = static_cast<unsigned>(std::min(kPiece, bytes.size()));
    must(zipWriteInFileInZip(zip, bytes.data(), size), target);
  }
}

void put_array(zipFile zip, const Target& target, const NpzArray& array) {
  const std::string header = npy_header(array);
  const std::string_view bytes = bytes_of(array);
  zip_fileinfo info{};
  info.dosDate = kFirstDay;
  const int zip64 = header.size() + bytes.size() >= kLargestWithout64 ? 1 : 0;
  must(zipOpenNewFileInZip4_64(zip, (array.name + ".npy").c_str(), &info, nullptr, 0, nullptr, 0, nullptr,
                               0 /* stored */, 0, 0, -MAX_WBITS, DEF_MEM_LEVEL, Z_DEFAULT_STRATEGY, nullptr,
                               0, 0 /* made by: plain */, kUtf8Name, zip64),
       target);
  put(zip, target, header);
  put(zip, target, bytes);
  must(zipCloseFileInZip(zip), target);
}

}  // namespace

void npz(std::span<const NpzArray> arrays, const WriteAt& write) {
  check(arrays);
  Target target{write};
  zlib_filefunc64_def functions{open_target, read_target,  write_target,    tell_target,
                                seek_target, close_target, error_of_target, &target};
  const auto close = [](zipFile zip) { zipClose(zip, nullptr); };
  std::unique_ptr<void, decltype(close)> zip(zipOpen2_64("", APPEND_STATUS_CREATE, nullptr, &functions),
                                             close);
  if (!zip) throw std::bad_alloc();
  for (const NpzArray& array : arrays) put_array(zip.get(), target, array);
  must(zipClose(zip.release(), nullptr), target);
}

std::string npz(std::span<const NpzArray> arrays) {
  constexpr std::size_t kAround = 512;  // headers and directory of one array
  std::size_t size = kAround;
  for (const NpzArray& array : arrays) size += bytes_of(array).size() + 2 * array.name.size() + kAround;
  std::string out;
  out.reserve(size);
  npz(arrays, [&out](std::uint64_t offset, std::string_view bytes) {
    if (out.size() < offset + bytes.size()) out.resize(offset + bytes.size());
    std::memcpy(out.data() + offset, bytes.data(), bytes.size());
  });
  return out;
}

}  // namespace attnviz::report
