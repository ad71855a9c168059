/// Pieces and their ids, both ways.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace attnviz::tokenizer {

std::uint64_t hash_bytes(std::string_view bytes) noexcept;

/// A set of distinct texts, one block of bytes and one table. A text keeps the number it got when it was
/// added first.
class TextTable {
 public:
  void reserve(std::size_t texts, std::size_t bytes);
  std::uint32_t add(std::string_view text);
  std::optional<std::uint32_t> find(std::string_view text) const noexcept;
  std::string_view operator[](std::uint32_t number) const noexcept {
    return std::string_view(bytes_).substr(begins_[number], begins_[number + 1] - begins_[number]);
  }
  std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(begins_.size() - 1); }

 private:
  void grow(std::size_t slots);
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t number = 0;  ///< Plus one; 0 is free.
  };
  std::string bytes_;
  std::vector<std::uint32_t> begins_{0};
  std::vector<Slot> slots_;
};

/// Pieces of a model. Ids may have gaps but stay below kLargestId.
class Vocabulary {
 public:
  static constexpr std::int64_t kLargestId = (1 << 24) - 1;

  void reserve(std::size_t pieces, std::size_t bytes) { table_.reserve(pieces, bytes); }
  /// A piece that is there already gets the new id. Two pieces of one id: the last one names it.
  void add(std::string_view piece, std::uint32_t id);
  std::optional<std::uint32_t> id_of(std::string_view piece) const noexcept;
  std::optional<std::string_view> piece(std::int64_t id) const noexcept;
  std::size_t size() const noexcept { return table_.size(); }  ///< Distinct pieces.
  std::string_view piece_at(std::uint32_t number) const noexcept {
    return table_[number];
  }  ///< number < size().
  std::uint32_t id_at(std::uint32_t number) const noexcept { return id_of_[number]; }
  std::int64_t end_id() const noexcept { return static_cast<std::int64_t>(piece_of_.size()); }

 private:
  TextTable table_;
  std::vector<std::uint32_t> id_of_;     ///< By number in `table_`.
  std::vector<std::uint32_t> piece_of_;  ///< Number plus one by id; 0 is a gap.
};

}  // namespace attnviz::tokenizer
