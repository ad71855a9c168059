/// The wire format of protocol buffers, as far as reading needs it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace attnviz::tokenizer {

/// Walks over the fields of one message. Throws Error(kInput) naming `where` when it is cut off or damaged.
class ProtobufReader {
 public:
  ProtobufReader(std::string_view bytes, std::string_view where) : bytes_(bytes), where_(where) {}

  struct Field {
    std::uint32_t number = 0;
    std::uint64_t integer = 0;  ///< Of a varint or a fixed field.
    std::string_view bytes;     ///< Of a length-delimited field.
    bool is_bytes = false;

    float real() const noexcept;  ///< Of a fixed 32-bit field.
    bool flag() const noexcept { return integer != 0; }
  };
  /// The next field, or nothing at the end.
  std::optional<Field> next();

 private:
  std::uint64_t varint();
  std::uint64_t fixed(int size);
  [[noreturn]] void fail() const;

  std::string_view bytes_;
  std::string_view where_;
  std::size_t position_ = 0;
};

}  // namespace attnviz::tokenizer
