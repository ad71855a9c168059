#include "tokenizer/wordlevel.h"

namespace attnviz::tokenizer {
namespace {

class WordLevelModel final : public PieceModel {
 public:
  WordLevelModel(Vocabulary vocabulary, std::string unknown)
      : vocabulary_(std::move(vocabulary)),
        unknown_(std::move(unknown)),
        unknown_id_(vocabulary_.id_of(unknown_)) {}

  void tokenize(std::string_view word, Scratch*, std::vector<ModelToken>& out) const override {
    auto id = vocabulary_.id_of(word);
    if (!id) id = unknown_id_;
    if (!id) {
      throw Error(ErrorKind::kInput, "the tokenizer's unknown token \"" + unknown_ +
                                         "\" is not in its vocabulary, and the text needs it");
    }
    out.push_back({*id, 0, static_cast<std::uint32_t>(word.size())});
  }

  std::optional<std::uint32_t> id_of(std::string_view piece) const override {
    return vocabulary_.id_of(piece);
  }
  std::optional<std::string_view> piece(std::int64_t id) const override { return vocabulary_.piece(id); }
  std::size_t size() const noexcept override { return vocabulary_.size(); }
  std::int64_t end_id() const noexcept override { return vocabulary_.end_id(); }
  std::string_view name() const noexcept override { return "WordLevel"; }
  std::optional<std::uint32_t> unknown_id() const override { return unknown_id_; }

 private:
  Vocabulary vocabulary_;
  std::string unknown_;
  std::optional<std::uint32_t> unknown_id_;
};

}  // namespace

std::unique_ptr<PieceModel> make_wordlevel(Vocabulary vocabulary, std::string unknown) {
  return std::make_unique<WordLevelModel>(std::move(vocabulary), std::move(unknown));
}

}  // namespace attnviz::tokenizer
