#include "tokenizer/vocabulary.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "attnviz/core.h"

namespace attnviz::tokenizer {

std::uint64_t hash_bytes(std::string_view bytes) noexcept {
  std::uint64_t hash = 0x9E3779B97F4A7C15ULL ^ bytes.size();
  const auto mix = [&](std::uint64_t word) {
    hash = (hash ^ word) * 0xFF51AFD7ED558CCDULL;
    hash ^= hash >> 32;
  };
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, 8);
    mix(word);
  }
  if (i < bytes.size()) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, bytes.size() - i);
    mix(word);
  }
  hash *= 0xC4CEB9FE1A85EC53ULL;
  return hash ^ hash >> 29;
}

void TextTable::reserve(std::size_t texts, std::size_t bytes) {
  bytes_.reserve(bytes);
  begins_.reserve(texts + 1);
  grow(std::bit_ceil(std::max<std::size_t>(16, texts * 2)));
}

void TextTable::grow(std::size_t slots) {
  if (slots <= slots_.size()) return;
  std::vector<Slot> larger(slots);
  const std::size_t mask = slots - 1;
  for (const Slot& slot : slots_) {
    if (slot.number == 0) continue;
    std::size_t i = slot.hash & mask;
    while (larger[i].number != 0) i = (i + 1) & mask;
    larger[i] = slot;
  }
  slots_ = std::move(larger);
}

std::uint32_t TextTable::add(std::string_view text) {
  if ((size() + std::size_t{1}) * 2 > slots_.size()) grow(std::max<std::size_t>(16, slots_.size() * 2));
  const std::size_t mask = slots_.size() - 1;
  const auto hash = static_cast<std::uint32_t>(hash_bytes(text));
  std::size_t i = hash & mask;
  for (; slots_[i].number != 0; i = (i + 1) & mask) {
    if (slots_[i].hash == hash && (*this)[slots_[i].number - 1] == text) return slots_[i].number - 1;
  }
  if (text.size() > UINT32_MAX - bytes_.size()) {
    throw Error(ErrorKind::kInput, "the vocabulary has more than 4 GB of text");
  }
  bytes_.append(text);
  begins_.push_back(static_cast<std::uint32_t>(bytes_.size()));
  slots_[i] = {hash, size()};
  return size() - 1;
}

std::optional<std::uint32_t> TextTable::find(std::string_view text) const noexcept {
  if (slots_.empty()) return std::nullopt;
  const std::size_t mask = slots_.size() - 1;
  const auto hash = static_cast<std::uint32_t>(hash_bytes(text));
  for (std::size_t i = hash & mask; slots_[i].number != 0; i = (i + 1) & mask) {
    if (slots_[i].hash == hash && (*this)[slots_[i].number - 1] == text) return slots_[i].number - 1;
  }
  return std::nullopt;
}

void Vocabulary::add(std::string_view piece, std::uint32_t id) {
  const std::uint32_t number = table_.add(piece);
  if (number == id_of_.size()) id_of_.push_back(0);
  id_of_[number] = id;
  if (id >= piece_of_.size()) piece_of_.resize(std::size_t{id} + 1);
  piece_of_[id] = number + 1;
}

std::optional<std::uint32_t> Vocabulary::id_of(std::string_view piece) const noexcept {
  const auto number = table_.find(piece);
  if (!number) return std::nullopt;
  return id_of_[*number];
}

std::optional<std::string_view> Vocabulary::piece(std::int64_t id) const noexcept {
  if (id < 0 || id >= end_id() || piece_of_[static_cast<std::size_t>(id)] == 0) return std::nullopt;
  return table_[piece_of_[static_cast<std::size_t>(id)] - 1];
}

}  // namespace attnviz::tokenizer
