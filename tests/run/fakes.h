/// A tokenizer and a model whose every answer can be worked out by hand.
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <new>
#include <string>
#include <vector>

#include "attnviz/run.h"
#include "named_reductions.h"

namespace attnviz::testing {

/// One token a character (of ASCII text), its id the character. '^' at the start is the template's token.
class LetterTokenizer final : public Tokenizer {
 public:
  Encoding encode(std::string_view text, std::optional<std::string_view> pair, bool special) const override {
    if (const auto bad = find_invalid_utf8(text)) throw Error(ErrorKind::kInput, "invalid UTF-8");
    Encoding encoding;
    encoding.text = text;
    if (special) {
      Token start = token('^');
      start.sequence = -1;
      encoding.tokens.push_back(start);
    }
    append(text, 0, encoding);
    if (!pair) return encoding;
    encoding.pair = *pair;
    append(*pair, 1, encoding);
    return encoding;
  }
  Token token(std::int64_t id) const override {
    Token out;
    out.id = id;
    out.text = out.piece = std::string(1, static_cast<char>(id));
    out.special = id == '^';
    return out;
  }
  std::string decode(std::span<const std::int64_t> ids) const override {
    std::string text;
    for (const std::int64_t id : ids) {
      if (id != '^') text += static_cast<char>(id);
    }
    // Like a decoder that drops the space a word-piece vocabulary puts before the first word.
    return text.starts_with(' ') ? text.substr(1) : text;
  }
  std::unique_ptr<TextStream> stream() const override { return std::make_unique<LetterStream>(*this); }
  std::optional<std::int64_t> id_of(std::string_view) const override { return std::nullopt; }
  std::int64_t size() const noexcept override { return 256; }
  std::string describe() const override { return "letters"; }
  std::optional<std::int64_t> unknown_id() const override { return unknown; }
  std::optional<std::int64_t> unknown;

 private:
  void append(std::string_view text, int sequence, Encoding& encoding) const {
    for (std::size_t i = 0; i < text.size(); ++i) {
      Token letter = token(static_cast<unsigned char>(text[i]));
      letter.span = Span{static_cast<std::int64_t>(i), static_cast<std::int64_t>(i) + 1};
      letter.sequence = letter.type_id = sequence;
      encoding.tokens.push_back(letter);
    }
  }

  class LetterStream final : public TextStream {
   public:
    explicit LetterStream(const LetterTokenizer& tokenizer) : tokenizer_(tokenizer) {}
    void push(std::int64_t id) override {
      ids_.push_back(id);
      text_ = tokenizer_.decode(ids_);
    }
    const std::string& settled() const noexcept override { return text_; }
    std::string pending() const override { return ""; }

   private:
    const LetterTokenizer& tokenizer_;
    std::vector<std::int64_t> ids_;
    std::string text_;
  };
};

/// A generation of the letters of `answer`, cut at `limit`.
inline Generation written(const std::string& answer, std::int64_t limit, const ModelConfig& config) {
  Generation generation;
  generation.no_end_known = config.eos.empty();
  for (const char c : answer.substr(0, static_cast<std::size_t>(limit))) {
    generation.ids.push_back(static_cast<unsigned char>(c));
    generation.probabilities.push_back(0.5);
  }
  return generation;
}

/// Two layers of three heads. A causal query attends equally to all it sees; otherwise to everything. A '!'
/// is more than its memory takes.
class EvenModel final : public Model {
 public:
  bool causal = true;
  bool not_a_number = false;
  bool dry_run_fails = false;
  double sink_weight =
      0;  ///< Weight that every query gives to the first key, the rest evenly to what it sees.
  std::optional<Task> task;
  std::optional<std::int64_t> vocabulary;
  std::string answer = "xyz";  ///< What generate() writes, cut at its limit.
  ModelConfig settings{.eos = {'$'}};
  std::vector<std::int64_t> seen;  ///< The ids of the last captured run.
  int runs = 0;
  std::string sha256 = std::string(64, '0');
  Needs asked;

  const ModelConfig& config() const override { return settings; }
  std::vector<CompanionFile> companions(std::span<const std::string_view>) const override { return {}; }
  const ModelInfo& info() override {
    info_.file = "even.pt";
    info_.sha256 = sha256;
    info_.task = task;
    info_.vocabulary = vocabulary;
    info_.max_positions = settings.max_length;
    info_.causal = dry_run_fails ? std::nullopt : std::optional(causal);
    info_.sites = dry_run_fails ? std::vector<AttentionSite>() : sites();
    info_.dry_run_failure = dry_run_fails ? "the model 'even.pt' fails on 6 tokens" : "";
    return info_;
  }
  std::vector<AttentionSite> run(const ModelInputs& inputs, const std::vector<int>&,
                                 AttentionConsumer& consumer) override {
    seen = inputs.ids;
    ++runs;
    if (std::count(seen.begin(), seen.end(), '!') > 0) throw std::bad_alloc();
    asked = consumer.needs();
    const auto n = static_cast<std::int64_t>(inputs.ids.size());
    at::Tensor scores = at::zeros({3, n, n}, at::kFloat);
    if (causal)
      scores.masked_fill_(at::ones({n, n}, at::kBool).triu(1), -std::numeric_limits<float>::infinity());
    at::Tensor weights = scores.softmax(-1).mul_(1 - sink_weight);
    weights.select(2, 0).add_(sink_weight);
    if (not_a_number) weights.fill_(std::numeric_limits<float>::quiet_NaN());
    const std::int64_t first = asked.first_query;
    const at::Tensor block = weights.narrow(1, first, n - first);
    for (int layer = 0; layer < 2; ++layer) {
      if (asked.layer(layer) && asked.kind(AttentionKind::kSelf))
        consumer.on_block({layer, AttentionKind::kSelf, first, n, block});
    }
    return sites();
  }
  Generation generate(const ModelInputs&, std::int64_t limit, Listener&) override {
    return written(answer, limit, settings);
  }

 private:
  std::vector<AttentionSite> sites() const {
    return {{0, AttentionKind::kSelf, "softmax", "", 3, causal},
            {1, AttentionKind::kSelf, "softmax", "", 3, causal}};
  }

  ModelInfo info_;
};

/// One encoder layer and two decoder layers with cross attention. The encoder and the decoder attend evenly;
/// query q of the decoder looks at source q and nothing else.
class MirrorModel final : public Model {
 public:
  std::string answer = "xyz";
  ModelConfig settings{.eos = {'$'}, .decoder_start = '>'};
  bool dry_run_fails = false;
  std::optional<std::int64_t> crossing;  ///< Queries of the cross attention, where not all cross.
  ModelInputs seen;
  Needs asked;
  ModelInputs prompt;  ///< What generate() was given.

  const ModelConfig& config() const override { return settings; }
  std::vector<CompanionFile> companions(std::span<const std::string_view>) const override { return {}; }
  const ModelInfo& info() override {
    info_.file = "mirror.pt";
    info_.sha256 = std::string(64, '1');
    info_.causal = dry_run_fails ? std::nullopt : std::optional(true);
    info_.task = Task::kSeq2Seq;
    info_.sites = dry_run_fails ? std::vector<AttentionSite>() : sites();
    info_.dry_run_failure = dry_run_fails ? "the model 'mirror.pt' fails on 6 tokens" : "";
    return info_;
  }
  std::vector<AttentionSite> run(const ModelInputs& inputs, const std::vector<int>&,
                                 AttentionConsumer& consumer) override {
    seen = inputs;
    asked = consumer.needs();
    const auto source = static_cast<std::int64_t>(inputs.ids.size());
    const auto target = static_cast<std::int64_t>(inputs.target_ids.size());
    const at::Tensor even = at::full({2, source, source}, 1.0 / static_cast<double>(source), at::kFloat);
    at::Tensor past = at::ones({2, target, target}, at::kFloat).tril();
    past.div_(past.sum(-1, true));
    const std::int64_t asking = crossing.value_or(target);
    const at::Tensor mirror = at::eye(asking, source).expand({2, asking, source});
    push(consumer, 0, AttentionKind::kEncoder, even);
    for (int layer = 0; layer < 2; ++layer) {
      push(consumer, layer, AttentionKind::kDecoder, past);
      push(consumer, layer, AttentionKind::kCross, mirror);
    }
    return sites();
  }
  Generation generate(const ModelInputs& inputs, std::int64_t limit, Listener&) override {
    prompt = inputs;
    return written(answer, limit, settings);
  }

 private:
  void push(AttentionConsumer& consumer, int layer, AttentionKind kind, const at::Tensor& weights) const {
    if (!asked.kind(kind)) return;
    const std::int64_t first = asked.first_query, rows = weights.size(1);
    if (first >= rows) return;
    const at::Tensor block = weights.narrow(1, first, rows - first);
    consumer.on_block({layer, kind, first, rows, block});
  }
  std::vector<AttentionSite> sites() const {
    std::vector<AttentionSite> all = {{0, AttentionKind::kEncoder, "softmax", "", 2, false}};
    for (int layer = 0; layer < 2; ++layer) {
      all.push_back({layer, AttentionKind::kDecoder, "softmax", "", 2, true});
      all.push_back({layer, AttentionKind::kCross, "softmax", "", 2, false});
    }
    return all;
  }

  ModelInfo info_;
};

}  // namespace attnviz::testing
