/// Unigram and BPE as SentencePiece computes them: single precision, scores instead of ranks.
#include <algorithm>
#include <array>
#include <limits>
#include <queue>
#include <unordered_map>

#include "core/utf8.h"
#include "tokenizer/byte_trie.h"
#include "tokenizer/labels.h"
#include "tokenizer/sentencepiece.h"
#include "tokenizer/unigram.h"
#include "tokenizer/vocabulary.h"

namespace attnviz::tokenizer {
namespace {

using Type = SentencePieceFile::Type;

/// What both algorithms share: the pieces, and what becomes of unknown ones.
class SentencePieceModel : public PieceModel {
 public:
  explicit SentencePieceModel(const SentencePieceFile& file) : byte_fallback_(file.byte_fallback) {
    std::size_t bytes = 0;
    for (const auto& piece : file.pieces) bytes += piece.text.size();
    vocabulary_.reserve(file.pieces.size(), bytes);
    for (const auto& piece : file.pieces) {
      const auto id = static_cast<std::uint32_t>(types_.size());
      vocabulary_.add(piece.text, id);
      types_.push_back(piece.type);
      scores_.push_back(piece.score);
      if (piece.type == Type::kUnknown) unknown_ = id;
    }
    for (unsigned byte = 0; byte < 256; ++byte) {
      bytes_[byte] = vocabulary_.id_of(fallback_piece(byte)).value_or(unknown_);
    }
  }

  void tokenize(std::string_view word, Scratch*, std::vector<ModelToken>& out) const override {
    std::vector<ModelToken> found;
    segment(word, found);
    bool after_unknown = false;
    for (const ModelToken& token : found) {
      const bool is_unknown = token.id == unknown_;
      if (is_unknown && byte_fallback_) {
        // Only the last byte stands for the character.
        for (std::uint32_t i = token.begin; i < token.end; ++i) {
          const std::uint32_t id = bytes_[static_cast<unsigned char>(word[i])];
          out.push_back({id, token.begin, i + 1 == token.end ? token.end : token.begin});
        }
      } else if (is_unknown && after_unknown) {
        out.back().end = token.end;
      } else {
        out.push_back(token);
      }
      after_unknown = is_unknown;
    }
  }

  std::optional<std::uint32_t> id_of(std::string_view piece) const override {
    return vocabulary_.id_of(piece);
  }
  std::optional<std::string_view> piece(std::int64_t id) const override { return vocabulary_.piece(id); }
  std::size_t size() const noexcept override { return types_.size(); }
  std::int64_t end_id() const noexcept override { return vocabulary_.end_id(); }
  std::optional<std::uint32_t> unknown_id() const override { return unknown_; }
  bool is_control(std::int64_t id) const noexcept override {
    return id >= 0 && id < static_cast<std::int64_t>(types_.size()) &&
           types_[static_cast<std::size_t>(id)] == Type::kControl;
  }

 protected:
  virtual void segment(std::string_view word, std::vector<ModelToken>& out) const = 0;

  /// Pieces that may be found in a text.
  bool is_searched(std::uint32_t id) const noexcept {
    return types_[id] == Type::kNormal || types_[id] == Type::kUserDefined || types_[id] == Type::kUnused;
  }

  Vocabulary vocabulary_;
  std::vector<Type> types_;
  std::vector<float> scores_;
  std::uint32_t unknown_ = 0;

 private:
  bool byte_fallback_;
  std::array<std::uint32_t, 256> bytes_{};
};

class SentencePieceUnigram final : public SentencePieceModel {
 public:
  explicit SentencePieceUnigram(const SentencePieceFile& file) : SentencePieceModel(file) {
    float lowest = std::numeric_limits<float>::max();
    highest_ = std::numeric_limits<float>::lowest();
    std::vector<std::pair<std::string_view, std::uint32_t>> entries;
    for (std::uint32_t id = 0; id < types_.size(); ++id) {
      if (types_[id] == Type::kNormal) {
        lowest = std::min(lowest, scores_[id]);
        highest_ = std::max(highest_, scores_[id]);
      }
      if (is_searched(id)) entries.emplace_back(*vocabulary_.piece(id), id);
    }
    trie_ = ByteTrie(std::move(entries));
    unknown_score_ = lowest - static_cast<float>(kUnknownPenalty);
  }
  std::string_view name() const noexcept override { return "SentencePiece Unigram"; }

 protected:
  void segment(std::string_view word, std::vector<ModelToken>& out) const override {
    struct Best {
      float score = 0;
      std::uint32_t id = 0;
      std::int32_t begin = -1;
    };
    std::vector<Best> best(word.size() + 1);
    const auto offer = [&](std::size_t begin, std::size_t end, double sum, std::uint32_t id) {
      if (best[end].begin < 0 || sum > static_cast<double>(best[end].score)) {
        best[end] = {static_cast<float>(sum), id, static_cast<std::int32_t>(begin)};
      }
    };
    for (std::size_t begin = 0; begin < word.size();) {
      const std::size_t behind = begin + utf8::length(word[begin]);
      const float here = best[begin].score;
      bool has_single = false;
      std::uint32_t node = ByteTrie::kRoot;
      for (std::size_t i = begin; i < word.size();) {
        node = trie_.child(node, word[i++]);
        if (node == ByteTrie::kNone) break;
        const std::uint32_t id = trie_.value(node);
        if (id == ByteTrie::kNone || types_[id] == Type::kUnused) continue;
        // A user-defined piece gets more than its characters could, so that it is always taken.
        const double score = types_[id] == Type::kUserDefined
                                 ? static_cast<double>(static_cast<float>(i - begin) * highest_) - 0.1
                                 : static_cast<double>(scores_[id]);
        offer(begin, i, score + static_cast<double>(here), id);
        has_single = has_single || i == behind;
      }
      if (!has_single) offer(begin, behind, static_cast<double>(unknown_score_ + here), unknown_);
      begin = behind;
    }
    for (auto end = static_cast<std::uint32_t>(word.size()); end > 0;) {
      const auto begin = static_cast<std::uint32_t>(best[end].begin);
      out.push_back({best[end].id, begin, end});
      end = begin;
    }
    std::reverse(out.begin(), out.end());
  }

 private:
  ByteTrie trie_;
  float highest_ = 0;
  float unknown_score_ = 0;
};

class SentencePieceBpe final : public SentencePieceModel {
 public:
  explicit SentencePieceBpe(const SentencePieceFile& file) : SentencePieceModel(file) {
    std::vector<std::pair<std::string_view, std::uint32_t>> kept;
    for (std::uint32_t id = 0; id < types_.size(); ++id) {
      if (types_[id] == Type::kUserDefined) kept.emplace_back(*vocabulary_.piece(id), id);
    }
    kept_ = ByteTrie(std::move(kept));
  }
  std::string_view name() const noexcept override { return "SentencePiece BPE"; }

 protected:
  void segment(std::string_view word, std::vector<ModelToken>& out) const override {
    std::vector<Symbol> symbols = first_symbols(word);
    std::priority_queue<Pair, std::vector<Pair>, Worse> queue;
    std::unordered_map<std::string_view, std::uint32_t> unused_cuts;
    const auto offer = [&](std::int32_t left, std::int32_t right) {
      if (left < 0 || right < 0) return;
      const Symbol& a = symbols[static_cast<std::size_t>(left)];
      const Symbol& b = symbols[static_cast<std::size_t>(right)];
      if (a.kept || b.kept) return;
      const std::string_view joined = word.substr(a.begin, b.end - a.begin);
      const auto id = vocabulary_.id_of(joined);
      if (!id || !is_searched(*id)) return;
      queue.push({scores_[*id], left, right, b.end - a.begin});
      if (types_[*id] == Type::kUnused) unused_cuts.insert_or_assign(joined, b.begin - a.begin);
    };
    for (std::size_t i = 1; i < symbols.size(); ++i) {
      offer(static_cast<std::int32_t>(i) - 1, static_cast<std::int32_t>(i));
    }
    while (!queue.empty()) {
      const Pair top = queue.top();
      queue.pop();
      Symbol& left = symbols[static_cast<std::size_t>(top.left)];
      Symbol& right = symbols[static_cast<std::size_t>(top.right)];
      if (left.begin == left.end || right.begin == right.end || right.end - left.begin != top.size) continue;
      left.end = right.end;
      left.next = right.next;
      if (right.next >= 0) symbols[static_cast<std::size_t>(right.next)].previous = top.left;
      right.begin = right.end;
      offer(left.previous, top.left);
      offer(top.left, left.next);
    }
    for (std::int32_t i = symbols.empty() ? -1 : 0; i >= 0; i = symbols[static_cast<std::size_t>(i)].next) {
      put(word, symbols[static_cast<std::size_t>(i)].begin, symbols[static_cast<std::size_t>(i)].end,
          unused_cuts, out);
    }
  }

 private:
  struct Symbol {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::int32_t previous = -1;
    std::int32_t next = -1;
    bool kept = false;  ///< User-defined: never merged.
  };
  struct Pair {
    float score = 0;
    std::int32_t left = 0;
    std::int32_t right = 0;
    std::uint32_t size = 0;
  };
  struct Worse {
    bool operator()(const Pair& a, const Pair& b) const noexcept {
      return a.score < b.score || (a.score == b.score && a.left > b.left);
    }
  };

  std::vector<Symbol> first_symbols(std::string_view word) const {
    std::vector<Symbol> symbols;
    for (std::uint32_t begin = 0; begin < word.size();) {
      Symbol symbol;
      symbol.begin = begin;
      symbol.end = begin + static_cast<std::uint32_t>(utf8::length(word[begin]));
      std::uint32_t node = ByteTrie::kRoot;
      for (std::uint32_t i = begin; i < word.size() && !kept_.empty();) {
        node = kept_.child(node, word[i++]);
        if (node == ByteTrie::kNone) break;
        if (kept_.value(node) == ByteTrie::kNone) continue;
        symbol.end = i;
        symbol.kept = true;
      }
      symbol.previous = static_cast<std::int32_t>(symbols.size()) - 1;
      begin = symbol.end;
      symbol.next = begin < word.size() ? static_cast<std::int32_t>(symbols.size()) + 1 : -1;
      symbols.push_back(symbol);
    }
    return symbols;
  }

  /// Appends the piece [begin, end), or the parts it was merged from while it is one that must not be used.
  void put(std::string_view word, std::uint32_t begin, std::uint32_t end,
           const std::unordered_map<std::string_view, std::uint32_t>& unused_cuts,
           std::vector<ModelToken>& out) const {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> open{{begin, end}};
    while (!open.empty()) {
      const auto [first, last] = open.back();
      open.pop_back();
      const std::string_view text = word.substr(first, last - first);
      const auto id = vocabulary_.id_of(text);
      const auto cut = id && types_[*id] == Type::kUnused ? unused_cuts.find(text) : unused_cuts.end();
      if (cut != unused_cuts.end()) {
        open.emplace_back(first + cut->second, last);
        open.emplace_back(first, first + cut->second);
        continue;
      }
      out.push_back({id.value_or(unknown_), first, last});
    }
  }

  ByteTrie kept_;
};

}  // namespace

std::unique_ptr<PieceModel> make_sentencepiece_model(const SentencePieceFile& file,
                                                     const std::string& where) {
  if (file.model_type == 1) return std::make_unique<SentencePieceUnigram>(file);
  if (file.model_type == 2) return std::make_unique<SentencePieceBpe>(file);
  const std::string type = file.model_type == 3 ? "WORD" : file.model_type == 4 ? "CHAR" : "unknown";
  throw Error(ErrorKind::kInput,
              where + ": SentencePiece model type " + type + " is not supported; it is UNIGRAM or BPE");
}

}  // namespace attnviz::tokenizer
