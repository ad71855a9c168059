#include "tokenizer/pipeline.h"

#include <algorithm>
#include <tuple>

#include "tokenizer/spans.h"
#include "tokenizer/stages.h"

namespace attnviz::tokenizer {
namespace {

constexpr std::size_t kLongestText = std::size_t{1} << 30;

void require_text(std::string_view text, std::string_view what) {
  if (const auto bad = find_invalid_utf8(text)) {
    throw Error(ErrorKind::kInput, std::string(what) + " is not UTF-8: byte " + std::to_string(*bad) +
                                       " of " + std::to_string(text.size()) +
                                       " begins no character; convert it first");
  }
  if (text.size() > kLongestText) {
    throw Error(ErrorKind::kInput, std::string(what) + " has " + std::to_string(text.size()) +
                                       " bytes; at most " + std::to_string(kLongestText) +
                                       " can be tokenized at once");
  }
}

/// What is kept of one text while it is encoded: the tokens' pieces may be views into it.
struct SourceText {
  CharacterIndex characters;
  PreTokenized words;
};

class PipelineTokenizer final : public Tokenizer {
 public:
  explicit PipelineTokenizer(Pipeline pipeline) : pipeline_(std::move(pipeline)) {
    if (pipeline_.decoder == nullptr) pipeline_.decoder = make_spacing_decoder();
  }

  Encoding encode(std::string_view text, std::optional<std::string_view> pair, bool special) const override {
    require_text(text, "the text");
    if (pair) require_text(*pair, "the second text of the pair");
    std::vector<SourceText> sequences(pair ? 2 : 1);
    std::vector<Part> parts(sequences.size());
    encode_sequence(text, 0, sequences[0], parts[0]);
    if (pair) encode_sequence(*pair, 1, sequences[1], parts[1]);

    Encoding encoding;
    encoding.text = text;
    if (pair) encoding.pair = *pair;
    if (pipeline_.truncation) {
      const bool adds = special && pipeline_.post_processor != nullptr;
      const std::size_t added = adds ? pipeline_.post_processor->added_tokens(pair.has_value()) : 0;
      encoding.truncated = truncate(parts, *pipeline_.truncation, added, pipeline_.where);
    }
    if (pipeline_.post_processor) pipeline_.post_processor->process(parts, special);
    finish(sequences, parts, encoding);
    return encoding;
  }

  Token token(std::int64_t id) const override {
    Token token;
    token.id = id;
    if (const AddedToken* const added = pipeline_.added_tokens.find(id)) {
      token.piece = added->content;
      token.text = added->content;
      token.special = added->special;
    } else if (const auto piece = pipeline_.model->piece(id)) {
      token.piece = *piece;
      const auto unknown = pipeline_.model->unknown_id();
      token.special =
          pipeline_.model->is_control(id) || (unknown && static_cast<std::int64_t>(*unknown) == id);
      token.text = token.special ? token.piece : label_of(token.piece, pipeline_.spelling);
    } else {
      token.text = "#" + std::to_string(id);
    }
    return token;
  }

  std::string decode(std::span<const std::int64_t> ids) const override {
    const auto stream = pipeline_.decoder->stream();
    Pieces parts;
    for (const std::int64_t id : ids) {
      if (auto written = spelled(id)) stream->push(std::move(*written), parts);
    }
    stream->finish(parts);
    std::string text;
    for (const std::string& part : parts) text += part;
    return text;
  }

  std::unique_ptr<TextStream> stream() const override { return std::make_unique<IdStream>(*this); }

  std::optional<std::int64_t> id_of(std::string_view piece) const override {
    if (const auto id = pipeline_.added_tokens.id_of(piece)) return *id;
    if (const auto id = pipeline_.model->id_of(piece)) return *id;
    return std::nullopt;
  }

  std::optional<std::int64_t> unknown_id() const override {
    if (const auto id = pipeline_.model->unknown_id()) return *id;
    return std::nullopt;
  }

  std::int64_t size() const noexcept override {
    return std::max(pipeline_.model->end_id(), pipeline_.added_tokens.end_id());
  }

  std::string describe() const override { return pipeline_.description; }

 private:
  class IdStream final : public TextStream {
   public:
    explicit IdStream(const PipelineTokenizer& tokenizer)
        : tokenizer_(tokenizer), stream_(tokenizer.pipeline_.decoder->stream()) {}
    void push(std::int64_t id) override {
      auto written = tokenizer_.spelled(id);
      if (!written) return;
      Pieces parts;
      stream_->push(std::move(*written), parts);
      for (const std::string& part : parts) settled_ += part;
    }
    const std::string& settled() const noexcept override { return settled_; }
    std::string pending() const override {
      Pieces parts;
      stream_->clone()->finish(parts);
      std::string text;
      for (const std::string& part : parts) text += part;
      return text;
    }

   private:
    const PipelineTokenizer& tokenizer_;
    std::unique_ptr<DecoderStream> stream_;
    std::string settled_;
  };

  /// What the decoder sees of an id; nothing for special tokens and ids that the vocabulary does not have.
  std::optional<std::string> spelled(std::int64_t id) const {
    if (const AddedToken* const added = pipeline_.added_tokens.find(id)) {
      if (added->special) return std::nullopt;
      return added->spelled;
    }
    const auto piece = pipeline_.model->piece(id);
    if (!piece || pipeline_.model->is_control(id)) return std::nullopt;
    return std::string(*piece);
  }

  void encode_sequence(std::string_view text, int number, SourceText& source, Part& part) const {
    source.characters = CharacterIndex(text);
    PreTokenized& words = source.words;
    words = pipeline_.added_tokens.extract(text, pipeline_.normalizer.get());
    if (pipeline_.pre_tokenizer) pipeline_.pre_tokenizer->pre_tokenize(words);
    const std::unique_ptr<Scratch> scratch = pipeline_.model->make_scratch(text.size());
    std::vector<ModelToken> found;
    part.reserve(text.size() / 4 + 8);
    for (std::size_t word = 0; word < words.splits.size(); ++word) {
      const Split& split = words.splits[word];
      found.clear();
      if (split.added_token >= 0) {
        found.push_back({static_cast<std::uint32_t>(split.added_token), 0, split.end - split.begin});
      } else if (split.begin < split.end) {
        pipeline_.model->tokenize(words.of(split), scratch.get(), found);
      }
      for (const ModelToken& model_token : found) {
        SequenceToken& token = part.emplace_back();
        token.id = model_token.id;
        token.piece = name_of(words.of(split), split, model_token);
        token.covered = split.added_token >= 0 ? split.covered : align(words, split, model_token);
        std::tie(token.begin, token.end) = source.characters.to_characters(token.covered);
        token.sequence = number;
        token.type_id = number;
        token.word = static_cast<int>(word);
        token.added = split.added_token >= 0;
      }
    }
  }

  std::string_view name_of(std::string_view text, const Split& split, const ModelToken& token) const {
    if (split.added_token >= 0) return text;
    if (pipeline_.model->names_unknown_by_text() && pipeline_.model->unknown_id() == token.id) {
      return text.substr(token.begin, token.end - token.begin);
    }
    return *pipeline_.model->piece(token.id);
  }

  /// Bytes of the input that a piece came from.
  static Alignment align(const PreTokenized& words, const Split& split, const ModelToken& token) {
    const std::uint32_t size = split.end - split.begin;
    if (token.end > size)
      return {token.begin, token.end};  // As the reference: an end-of-word suffix cut into bytes.
    const auto& alignment = words.text.alignment;
    if (token.begin >= token.end) {
      const std::uint32_t at = token.begin < size ? alignment[split.begin + token.begin].begin : split.origin;
      return {at, at};
    }
    return {alignment[split.begin + token.begin].begin, alignment[split.begin + token.end - 1].end};
  }

  void finish(const std::vector<SourceText>& sequences, const std::vector<Part>& parts,
              Encoding& encoding) const {
    std::size_t count = 0;
    for (const Part& part : parts) count += part.size();
    encoding.tokens.reserve(count);
    std::vector<SequenceToken> all;
    all.reserve(count);
    for (const Part& part : parts) all.insert(all.end(), part.begin(), part.end());
    for (const SequenceToken& from : all) {
      Token& to = encoding.tokens.emplace_back(token(from.id));
      to.sequence = from.sequence;
      to.type_id = from.type_id;
      to.word = from.word;
      if (from.sequence < 0) {
        to.special = true;
        if (to.piece.empty()) to.piece = from.piece;
        to.text = to.piece;
      } else {
        to.reference =
            sequences[static_cast<std::size_t>(from.sequence)].characters.to_bytes(from.begin, from.end);
      }
    }
    for (int number = 0; number < static_cast<int>(sequences.size()); ++number) {
      const std::string_view text = number == 0 ? encoding.text : encoding.pair;
      place_drawing_spans(text, number, all, pipeline_.spelling.metaspace ? kMetaspace : std::string_view(),
                          encoding.tokens);
    }
  }

  Pipeline pipeline_;
};

}  // namespace

std::unique_ptr<Tokenizer> make_tokenizer(Pipeline pipeline) {
  return std::make_unique<PipelineTokenizer>(std::move(pipeline));
}

}  // namespace attnviz::tokenizer
