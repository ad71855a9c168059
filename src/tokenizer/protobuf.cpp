#include "tokenizer/protobuf.h"

#include <bit>

#include "attnviz/core.h"

namespace attnviz::tokenizer {

float ProtobufReader::Field::real() const noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(integer));
}

void ProtobufReader::fail() const {
  throw Error(ErrorKind::kInput, std::string(where_) + " is no SentencePiece model: it is damaged at byte " +
                                     std::to_string(position_) + " of a part of " +
                                     std::to_string(bytes_.size()));
}

std::uint64_t ProtobufReader::varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (position_ >= bytes_.size()) fail();
    const auto byte = static_cast<unsigned char>(bytes_[position_++]);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return value;
  }
  fail();
}

std::uint64_t ProtobufReader::fixed(int size) {
  if (bytes_.size() - position_ < static_cast<std::size_t>(size)) fail();
  std::uint64_t value = 0;
  for (int i = size - 1; i >= 0; --i) {
    value = value << 8 | static_cast<unsigned char>(bytes_[position_ + static_cast<std::size_t>(i)]);
  }
  position_ += static_cast<std::size_t>(size);
  return value;
}

std::optional<ProtobufReader::Field> ProtobufReader::next() {
  if (position_ >= bytes_.size()) return std::nullopt;
  const std::uint64_t tag = varint();
  Field field;
  if (tag >> 3 == 0 || tag >> 3 > 0x1FFFFFFF) fail();
  field.number = static_cast<std::uint32_t>(tag >> 3);
  switch (tag & 7) {
    case 0: field.integer = varint(); break;
    case 1: field.integer = fixed(8); break;
    case 5: field.integer = fixed(4); break;
    case 2: {
      const std::uint64_t size = varint();
      if (size > bytes_.size() - position_) fail();
      field.bytes = bytes_.substr(position_, static_cast<std::size_t>(size));
      field.is_bytes = true;
      position_ += static_cast<std::size_t>(size);
      break;
    }
    default: fail();
  }
  return field;
}

}  // namespace attnviz::tokenizer
