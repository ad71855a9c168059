#include "tokenizer/unigram.h"

#include <algorithm>
#include <array>
#include <limits>

#include "core/utf8.h"
#include "tokenizer/byte_trie.h"
#include "tokenizer/labels.h"
#include "tokenizer/vocabulary.h"

namespace attnviz::tokenizer {
namespace {

/// The best way to end at a byte of the word.
struct Best {
  double score = 0;
  std::uint32_t id = 0;
  std::int32_t begin = -1;  ///< Where its last piece begins; -1 while there is none.
};

class UnigramScratch final : public Scratch {
 public:
  std::vector<Best> best;
  std::vector<ModelToken> backwards;
};

class UnigramModel final : public PieceModel {
 public:
  UnigramModel(const std::vector<UnigramPiece>& pieces, std::optional<std::uint32_t> unknown,
               bool byte_fallback, const std::string& where)
      : unknown_(unknown) {
    if (unknown && *unknown >= pieces.size()) {
      throw Error(ErrorKind::kInput, where + ": model Unigram: unk_id is " + std::to_string(*unknown) +
                                         ", but there are " + std::to_string(pieces.size()) + " pieces");
    }
    std::size_t bytes = 0;
    for (const UnigramPiece& piece : pieces) bytes += piece.text.size();
    vocabulary_.reserve(pieces.size(), bytes);
    scores_.reserve(pieces.size());
    double lowest = std::numeric_limits<double>::infinity();
    std::vector<std::pair<std::string_view, std::uint32_t>> entries;
    entries.reserve(pieces.size());
    for (const UnigramPiece& piece : pieces) {
      const auto id = static_cast<std::uint32_t>(scores_.size());
      vocabulary_.add(piece.text, id);
      scores_.push_back(piece.score);
      lowest = std::min(lowest, piece.score);
      entries.emplace_back(piece.text, id);
    }
    trie_ = ByteTrie(std::move(entries));
    unknown_score_ = lowest - kUnknownPenalty;
    for (unsigned byte = 0; byte < 256; ++byte) {
      bytes_[byte] = byte_fallback ? vocabulary_.id_of(fallback_piece(byte)) : std::nullopt;
    }
  }

  std::unique_ptr<Scratch> make_scratch(std::size_t) const override {
    return std::make_unique<UnigramScratch>();
  }

  void tokenize(std::string_view word, Scratch* scratch, std::vector<ModelToken>& out) const override {
    UnigramScratch& own = static_cast<UnigramScratch&>(*scratch);
    find_best(word, own.best);
    own.backwards.clear();
    bool fused = false;
    for (auto end = static_cast<std::uint32_t>(word.size()); end > 0;) {
      const Best& last = own.best[end];
      const auto begin = static_cast<std::uint32_t>(last.begin);
      const bool unknown = unknown_ && last.id == *unknown_;
      if (unknown && fused) {
        own.backwards.back().begin = begin;
      } else {
        own.backwards.push_back({last.id, begin, end});
      }
      fused = unknown;
      end = begin;
    }
    for (auto token = own.backwards.rbegin(); token != own.backwards.rend(); ++token) put(word, *token, out);
  }

  std::optional<std::uint32_t> id_of(std::string_view piece) const override {
    return vocabulary_.id_of(piece);
  }
  std::optional<std::string_view> piece(std::int64_t id) const override { return vocabulary_.piece(id); }
  std::size_t size() const noexcept override { return scores_.size(); }
  std::int64_t end_id() const noexcept override { return vocabulary_.end_id(); }
  std::string_view name() const noexcept override { return "Unigram"; }
  std::optional<std::uint32_t> unknown_id() const override { return unknown_; }
  bool names_unknown_by_text() const noexcept override { return true; }

 private:
  void find_best(std::string_view word, std::vector<Best>& best) const {
    best.assign(word.size() + 1, Best{});
    const auto offer = [&](std::size_t begin, std::size_t end, double score, std::uint32_t id) {
      const double sum = score + best[begin].score;
      if (best[end].begin < 0 || sum > best[end].score)
        best[end] = {sum, id, static_cast<std::int32_t>(begin)};
    };
    for (std::size_t begin = 0; begin < word.size();) {
      const std::size_t behind = begin + utf8::length(word[begin]);
      bool has_single = false;
      std::uint32_t node = ByteTrie::kRoot;
      for (std::size_t i = begin; i < word.size();) {
        node = trie_.child(node, word[i++]);
        if (node == ByteTrie::kNone) break;
        const std::uint32_t id = trie_.value(node);
        if (id == ByteTrie::kNone) continue;
        offer(begin, i, scores_[id], id);
        has_single = has_single || i == behind;
      }
      if (!has_single) {
        if (!unknown_) {
          throw Error(ErrorKind::kInput,
                      "the text has a character that the tokenizer (Unigram, no unk_id) cannot spell");
        }
        offer(begin, behind, unknown_score_, *unknown_);
      }
      begin = behind;
    }
  }

  void put(std::string_view word, const ModelToken& token, std::vector<ModelToken>& out) const {
    const bool unknown = unknown_ && token.id == *unknown_;
    if (!unknown) {
      out.push_back(token);
      return;
    }
    // What came together as unknown may spell a piece after all, or go byte by byte.
    const std::string_view text = word.substr(token.begin, token.end - token.begin);
    if (const auto id = vocabulary_.id_of(text)) {
      out.push_back({*id, token.begin, token.end});
      return;
    }
    const auto id_of_byte = [&](char byte) { return bytes_[static_cast<unsigned char>(byte)]; };
    if (std::all_of(text.begin(), text.end(), id_of_byte)) {
      for (const char byte : text) out.push_back({*id_of_byte(byte), token.begin, token.end});
      return;
    }
    out.push_back(token);
  }

  Vocabulary vocabulary_;
  std::vector<double> scores_;
  ByteTrie trie_;
  std::optional<std::uint32_t> unknown_;
  double unknown_score_ = 0;
  std::array<std::optional<std::uint32_t>, 256> bytes_;
};

}  // namespace

std::unique_ptr<PieceModel> make_unigram(const std::vector<UnigramPiece>& pieces,
                                         std::optional<std::uint32_t> unknown, bool byte_fallback,
                                         const std::string& where) {
  return std::make_unique<UnigramModel>(pieces, unknown, byte_fallback, where);
}

}  // namespace attnviz::tokenizer
