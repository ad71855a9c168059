#include "tokenizer/wordpiece.h"

#include "core/utf8.h"
#include "tokenizer/byte_trie.h"

namespace attnviz::tokenizer {
namespace {

class WordPieceModel final : public PieceModel {
 public:
  WordPieceModel(Vocabulary vocabulary, WordPieceOptions options)
      : vocabulary_(std::move(vocabulary)),
        options_(std::move(options)),
        unknown_(vocabulary_.id_of(options_.unknown)) {
    std::vector<std::pair<std::string_view, std::uint32_t>> first;
    std::vector<std::pair<std::string_view, std::uint32_t>> continuing;
    for (std::uint32_t number = 0; number < vocabulary_.size(); ++number) {
      const std::string_view piece = vocabulary_.piece_at(number);
      const std::uint32_t id = vocabulary_.id_at(number);
      first.emplace_back(piece, id);
      if (piece.starts_with(options_.continuing_prefix)) {
        continuing.emplace_back(piece.substr(options_.continuing_prefix.size()), id);
      }
    }
    first_ = ByteTrie(std::move(first));
    continuing_ = ByteTrie(std::move(continuing));
  }

  void tokenize(std::string_view word, Scratch*, std::vector<ModelToken>& out) const override {
    const std::size_t before = out.size();
    bool good = utf8::count(word) <= options_.longest_word;
    for (std::uint32_t begin = 0; good && begin < word.size();) {
      ModelToken best{0, begin, begin};
      const ByteTrie& trie = begin == 0 ? first_ : continuing_;
      std::uint32_t node = ByteTrie::kRoot;
      for (std::uint32_t i = begin; i < word.size();) {
        node = trie.child(node, word[i++]);
        if (node == ByteTrie::kNone) break;
        if (trie.value(node) != ByteTrie::kNone) best = {trie.value(node), begin, i};
      }
      good = best.end > begin;
      if (good) out.push_back(best);
      begin = best.end;
    }
    if (good) return;
    out.resize(before);
    if (!unknown_) {
      throw Error(ErrorKind::kInput, "the tokenizer's unknown token \"" + options_.unknown +
                                         "\" is not in its vocabulary, and the text needs it");
    }
    out.push_back({*unknown_, 0, static_cast<std::uint32_t>(word.size())});
  }

  std::optional<std::uint32_t> id_of(std::string_view piece) const override {
    return vocabulary_.id_of(piece);
  }
  std::optional<std::string_view> piece(std::int64_t id) const override { return vocabulary_.piece(id); }
  std::size_t size() const noexcept override { return vocabulary_.size(); }
  std::int64_t end_id() const noexcept override { return vocabulary_.end_id(); }
  std::string_view name() const noexcept override { return "WordPiece"; }
  std::optional<std::uint32_t> unknown_id() const override { return unknown_; }

 private:
  Vocabulary vocabulary_;
  WordPieceOptions options_;
  std::optional<std::uint32_t> unknown_;
  ByteTrie first_;
  ByteTrie continuing_;
};

}  // namespace

std::unique_ptr<PieceModel> make_wordpiece(Vocabulary vocabulary, WordPieceOptions options) {
  return std::make_unique<WordPieceModel>(std::move(vocabulary), std::move(options));
}

}  // namespace attnviz::tokenizer
