#include "tokenizer/bpe.h"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <queue>

#include "core/utf8.h"
#include "tokenizer/labels.h"

namespace attnviz::tokenizer {
namespace {

struct Merge {
  std::uint32_t rank = 0;
  std::uint32_t id = 0;
};

/// Merges by the ids of their two parts.
class MergeTable {
 public:
  void reserve(std::size_t count) { slots_.resize(std::bit_ceil(std::max<std::size_t>(16, count * 2))); }
  void put(std::uint32_t left, std::uint32_t right, Merge merge) {
    Slot& slot = slots_[position(key_of(left, right))];
    slot = {key_of(left, right), merge};
  }
  const Merge* find(std::uint32_t left, std::uint32_t right) const noexcept {
    const Slot& slot = slots_[position(key_of(left, right))];
    return slot.key == kFree ? nullptr : &slot.merge;
  }

 private:
  static constexpr std::uint64_t kFree = ~std::uint64_t{0};
  struct Slot {
    std::uint64_t key = kFree;
    Merge merge;
  };
  static std::uint64_t key_of(std::uint32_t left, std::uint32_t right) noexcept {
    return std::uint64_t{left} << 32 | right;
  }
  std::size_t position(std::uint64_t key) const noexcept {
    const std::size_t mask = slots_.size() - 1;
    std::size_t i = (key * 0x9E3779B97F4A7C15ULL >> 32) & mask;
    while (slots_[i].key != kFree && slots_[i].key != key) i = (i + 1) & mask;
    return i;
  }
  std::vector<Slot> slots_;
};

/// A piece on its way to becoming larger, in a list of its neighbours.
struct Symbol {
  std::uint32_t id = 0;
  std::uint32_t length = 0;  ///< Bytes of the word; 0 once it is merged into its left neighbour.
  std::int32_t previous = -1;
  std::int32_t next = -1;
};

struct Candidate {
  std::uint32_t rank = 0;
  std::uint32_t position = 0;
  std::uint32_t id = 0;
  friend bool operator>(const Candidate& a, const Candidate& b) noexcept {
    return a.rank != b.rank ? a.rank > b.rank : a.position > b.position;
  }
};

/// Words seen in one call. Words repeat; one slot for each hash, the newest stays.
class BpeScratch final : public Scratch {
 public:
  explicit BpeScratch(std::size_t text_bytes)
      : entries_(std::bit_ceil(std::clamp<std::size_t>(text_bytes / 16, 1, 1 << 13))) {}
  static constexpr std::size_t kLongestWord = 64;
  struct Entry {
    std::string_view word;
    std::vector<ModelToken> tokens;
  };
  Entry& slot(std::string_view word) { return entries_[hash_bytes(word) & (entries_.size() - 1)]; }
  std::vector<Symbol> symbols;
  std::string spelled;

 private:
  std::vector<Entry> entries_;
};

class BpeModel final : public PieceModel {
 public:
  BpeModel(Vocabulary vocabulary, const std::vector<MergePair>& merges, BpeOptions options,
           const std::string& where)
      : vocabulary_(std::move(vocabulary)), options_(std::move(options)) {
    read_merges(merges, where);
    if (options_.unknown) {
      unknown_ = vocabulary_.id_of(*options_.unknown);
    }
    for (unsigned byte = 0; byte < 256; ++byte) {
      bytes_[byte] = options_.byte_fallback ? vocabulary_.id_of(fallback_piece(byte)) : std::nullopt;
    }
    // The pieces of single characters are looked up for every character of every word.
    for (unsigned c = 0; c < 128; ++c) ascii_[c] = vocabulary_.id_of(std::string(1, static_cast<char>(c)));
    for (char32_t c = 0x80; c < 0x144; ++c) latin_[c - 0x80] = vocabulary_.id_of(utf8::encode(c));
  }

  std::unique_ptr<Scratch> make_scratch(std::size_t text_bytes) const override {
    return std::make_unique<BpeScratch>(text_bytes);
  }

  void tokenize(std::string_view word, Scratch* scratch, std::vector<ModelToken>& out) const override {
    BpeScratch& own = static_cast<BpeScratch&>(*scratch);
    if (word.size() > BpeScratch::kLongestWord) {
      tokenize_word(word, own, out);
      return;
    }
    BpeScratch::Entry& entry = own.slot(word);
    if (entry.word != word || word.empty()) {
      entry.word = word;
      entry.tokens.clear();
      tokenize_word(word, own, entry.tokens);
    }
    out.insert(out.end(), entry.tokens.begin(), entry.tokens.end());
  }

  std::optional<std::uint32_t> id_of(std::string_view piece) const override {
    return vocabulary_.id_of(piece);
  }
  std::optional<std::string_view> piece(std::int64_t id) const override { return vocabulary_.piece(id); }
  std::size_t size() const noexcept override { return vocabulary_.size(); }
  std::int64_t end_id() const noexcept override { return vocabulary_.end_id(); }
  std::string_view name() const noexcept override { return "BPE"; }
  std::optional<std::uint32_t> unknown_id() const override { return unknown_; }

 private:
  void read_merges(const std::vector<MergePair>& merges, const std::string& where) {
    merges_.reserve(merges.size());
    std::string joined;
    const auto need = [&](std::string_view piece, std::size_t rank) {
      const auto id = vocabulary_.id_of(piece);
      if (!id) {
        throw Error(ErrorKind::kInput, where + ": merge " + std::to_string(rank + 1) + " needs the piece \"" +
                                           std::string(piece.substr(0, 80)) +
                                           "\", which is not in the vocabulary");
      }
      return *id;
    };
    for (std::size_t rank = 0; rank < merges.size(); ++rank) {
      const auto& [left, right] = merges[rank];
      const std::uint32_t left_id = need(left, rank);
      const std::uint32_t right_id = need(right, rank);
      if (right.size() < options_.continuing_prefix.size()) {
        throw Error(ErrorKind::kInput,
                    where + ": merge " + std::to_string(rank + 1) +
                        " has a right part that is shorter than continuing_subword_prefix");
      }
      joined.assign(left).append(right.substr(options_.continuing_prefix.size()));
      merges_.put(left_id, right_id, {static_cast<std::uint32_t>(rank), need(joined, rank)});
    }
  }

  void tokenize_word(std::string_view word, BpeScratch& scratch, std::vector<ModelToken>& out) const {
    if (options_.ignore_merges) {
      if (const auto id = vocabulary_.id_of(word)) {
        out.push_back({*id, 0, static_cast<std::uint32_t>(word.size())});
        return;
      }
    }
    std::vector<Symbol>& symbols = scratch.symbols;
    symbols.clear();
    begin_symbols(word, scratch);
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      symbols[i].previous = static_cast<std::int32_t>(i) - 1;
      symbols[i].next = i + 1 < symbols.size() ? static_cast<std::int32_t>(i) + 1 : -1;
    }
    if (symbols.size() <= kFewSymbols) {
      merge_few(symbols);
    } else {
      merge_many(symbols);
    }
    std::uint32_t begin = 0;
    for (const Symbol& symbol : symbols) {
      if (symbol.length == 0) continue;
      out.push_back({symbol.id, begin, begin + symbol.length});
      begin += symbol.length;
    }
  }

  std::optional<std::uint32_t> id_of_character(std::string_view character, std::size_t at, bool last,
                                               std::string& spelled) const {
    const bool first = at == 0;
    const bool plain =
        (first || options_.continuing_prefix.empty()) && (!last || options_.end_suffix.empty());
    if (plain) {
      if (character.size() == 1) return ascii_[static_cast<unsigned char>(character[0])];
      std::size_t begin = 0;
      const char32_t c = utf8::next(character, begin);
      if (c < 0x144) return latin_[c - 0x80];
      return vocabulary_.id_of(character);
    }
    spelled.clear();
    if (!first) spelled += options_.continuing_prefix;
    spelled += character;
    if (last) spelled += options_.end_suffix;
    return vocabulary_.id_of(spelled);
  }

  /// One symbol for each character that has a piece; unknown ones as the options say.
  void begin_symbols(std::string_view word, BpeScratch& scratch) const {
    std::vector<Symbol>& symbols = scratch.symbols;
    std::uint32_t unknown_length = 0;
    const auto add = [&](std::uint32_t id, std::uint32_t length) { symbols.push_back({id, length, -1, -1}); };
    const auto flush_unknown = [&] {
      if (unknown_length > 0) add(*unknown_, unknown_length);
      unknown_length = 0;
    };
    for (std::size_t i = 0; i < word.size();) {
      const std::size_t begin = i;
      i += utf8::length(word[i]);
      const std::string_view character = word.substr(begin, i - begin);
      const auto length = static_cast<std::uint32_t>(character.size());
      if (const auto id = id_of_character(character, begin, i == word.size(), scratch.spelled)) {
        flush_unknown();
        add(*id, length);
        continue;
      }
      if (options_.byte_fallback) {
        const bool plain = (begin == 0 || options_.continuing_prefix.empty()) &&
                           (i < word.size() || options_.end_suffix.empty());
        const std::string_view bytes = plain ? character : std::string_view(scratch.spelled);
        const auto id_of_byte = [&](char byte) { return bytes_[static_cast<unsigned char>(byte)]; };
        if (std::all_of(bytes.begin(), bytes.end(), id_of_byte)) {
          for (const char byte : bytes) add(*id_of_byte(byte), 1);
          continue;
        }
      }
      if (!options_.unknown) continue;
      if (!unknown_) {
        throw Error(ErrorKind::kInput, "the tokenizer's unknown token \"" + *options_.unknown +
                                           "\" is not in its vocabulary, and the text needs it");
      }
      if (!options_.fuse_unknown) flush_unknown();
      unknown_length += length;
    }
    flush_unknown();
  }

  /// Joins `symbols[position]` with its right neighbour.
  static void join(std::vector<Symbol>& symbols, std::size_t position, std::uint32_t id) {
    Symbol& left = symbols[position];
    Symbol& right = symbols[static_cast<std::size_t>(left.next)];
    left.id = id;
    left.length += right.length;
    right.length = 0;
    left.next = right.next;
    if (left.next >= 0)
      symbols[static_cast<std::size_t>(left.next)].previous = static_cast<std::int32_t>(position);
  }

  /// Looks at all pairs for the best one, again and again: the fastest for words as they are.
  void merge_few(std::vector<Symbol>& symbols) const {
    constexpr std::uint32_t kNoMerge = ~std::uint32_t{0};
    std::array<Merge, kFewSymbols> candidates;
    const auto look_up = [&](std::size_t i) {
      const Symbol& left = symbols[i];
      const Merge* const merge =
          left.next < 0 ? nullptr : merges_.find(left.id, symbols[static_cast<std::size_t>(left.next)].id);
      candidates[i] = merge != nullptr ? *merge : Merge{kNoMerge, 0};
    };
    for (std::size_t i = 0; i < symbols.size(); ++i) look_up(i);
    while (true) {
      std::size_t best = 0;
      std::uint32_t rank = kNoMerge;
      for (std::int32_t i = symbols.empty() ? -1 : 0; i >= 0; i = symbols[static_cast<std::size_t>(i)].next) {
        if (candidates[static_cast<std::size_t>(i)].rank < rank) {
          best = static_cast<std::size_t>(i);
          rank = candidates[best].rank;
        }
      }
      if (rank == kNoMerge) return;
      join(symbols, best, candidates[best].id);
      look_up(best);
      if (symbols[best].previous >= 0) look_up(static_cast<std::size_t>(symbols[best].previous));
    }
  }

  /// Keeps the pairs in a heap: n log n however long the word is.
  void merge_many(std::vector<Symbol>& symbols) const {
    std::vector<Candidate> first;
    first.reserve(symbols.size());
    const auto candidate = [&](std::size_t i) -> std::optional<Candidate> {
      const Symbol& left = symbols[i];
      if (left.next < 0) return std::nullopt;
      const Merge* const merge = merges_.find(left.id, symbols[static_cast<std::size_t>(left.next)].id);
      if (merge == nullptr) return std::nullopt;
      return Candidate{merge->rank, static_cast<std::uint32_t>(i), merge->id};
    };
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      if (const auto found = candidate(i)) first.push_back(*found);
    }
    std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue(std::greater<>{},
                                                                                 std::move(first));
    while (!queue.empty()) {
      const Candidate top = queue.top();
      queue.pop();
      const Symbol& left = symbols[top.position];
      if (left.length == 0 || left.next < 0) continue;
      const Merge* const merge = merges_.find(left.id, symbols[static_cast<std::size_t>(left.next)].id);
      if (merge == nullptr || merge->id != top.id) continue;
      join(symbols, top.position, top.id);
      if (left.previous >= 0) {
        if (const auto found = candidate(static_cast<std::size_t>(left.previous))) queue.push(*found);
      }
      if (const auto found = candidate(top.position)) queue.push(*found);
    }
  }

  static constexpr std::size_t kFewSymbols = 32;

  Vocabulary vocabulary_;
  BpeOptions options_;
  MergeTable merges_;
  std::optional<std::uint32_t> unknown_;
  std::array<std::optional<std::uint32_t>, 256> bytes_;
  std::array<std::optional<std::uint32_t>, 128> ascii_;
  std::array<std::optional<std::uint32_t>, 0x144 - 0x80> latin_;
};

}  // namespace

std::unique_ptr<PieceModel> make_bpe(Vocabulary vocabulary, const std::vector<MergePair>& merges,
                                     BpeOptions options, const std::string& where) {
  return std::make_unique<BpeModel>(std::move(vocabulary), merges, std::move(options), where);
}

}  // namespace attnviz::tokenizer
