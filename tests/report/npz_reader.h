/// Reads .npz files from their description (APPNOTE, NEP 1), to check those that attnviz writes.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace attnviz::report::test {

template <class Number>
Number number_at(std::string_view bytes, std::size_t at) {
  Number number{};
  EXPECT_LE(at + sizeof number, bytes.size());
  if (at + sizeof number <= bytes.size()) std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

/// CRC-32 bit by bit (ISO 3309), to check what zlib wrote.
inline std::uint32_t crc_of(std::string_view bytes) {
  std::uint32_t crc = ~0U;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

/// The members of a zip file of stored ones, read from its central directory (APPNOTE 4.3.7, 4.3.12, 4.3.16).
inline std::map<std::string, std::string> unzip(std::string_view zip) {
  std::map<std::string, std::string> members;
  const std::size_t end = zip.size() - 22;
  EXPECT_EQ(number_at<std::uint32_t>(zip, end), 0x06054B50U);
  std::size_t entry = number_at<std::uint32_t>(zip, end + 16);
  for (int left = number_at<std::uint16_t>(zip, end + 10); left > 0; --left) {
    EXPECT_EQ(number_at<std::uint32_t>(zip, entry), 0x02014B50U);
    EXPECT_EQ(number_at<std::uint16_t>(zip, entry + 10), 0) << "stored";
    EXPECT_EQ(number_at<std::uint32_t>(zip, entry + 12), 0x00210000U) << "no time but the first day of DOS";
    const auto size = number_at<std::uint32_t>(zip, entry + 24);
    const auto name_size = number_at<std::uint16_t>(zip, entry + 28);
    const std::string name(zip.substr(entry + 46, name_size));
    const std::size_t local = number_at<std::uint32_t>(zip, entry + 42);
    EXPECT_EQ(number_at<std::uint32_t>(zip, local), 0x04034B50U);
    EXPECT_EQ(number_at<std::uint32_t>(zip, local + 22), size) << "the local header was completed";
    const std::size_t begin = local + 30 + name_size + number_at<std::uint16_t>(zip, local + 28);
    members[name] = zip.substr(begin, size);
    EXPECT_EQ(number_at<std::uint32_t>(zip, entry + 16), crc_of(members[name])) << name;
    entry += 46U + name_size + number_at<std::uint16_t>(zip, entry + 30);
  }
  return members;
}

struct Npy {
  std::string header;
  std::string values;
};

inline Npy read_npy(const std::string& bytes) {
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  const std::size_t length = number_at<std::uint16_t>(bytes, 8);
  EXPECT_EQ((10 + length) % 64, 0U) << "values begin at a multiple of 64 bytes";
  EXPECT_EQ(bytes.at(9 + length), '\n');
  const std::string header = bytes.substr(10, length);
  return {header.substr(0, header.find('}') + 1), bytes.substr(10 + length)};
}

template <class Number>
std::vector<Number> numbers(const Npy& npy) {
  std::vector<Number> values(npy.values.size() / sizeof(Number));
  if (!values.empty()) std::memcpy(values.data(), npy.values.data(), values.size() * sizeof(Number));
  return values;
}

}  // namespace attnviz::report::test
