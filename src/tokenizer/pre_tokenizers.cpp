/// The pre-tokenizers of tokenizer.json.
#include <limits>

#include "attnviz/core.h"
#include "core/utf8.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/components.h"
#include "tokenizer/json.h"
#include "tokenizer/metaspace.h"
#include "tokenizer/pattern.h"
#include "tokenizer/stages.h"
#include "tokenizer/unicode.h"

namespace attnviz::tokenizer {
namespace {

/// Cuts every split with `cut(text, matches)` and keeps what `behavior` says.
template <typename Cut>
void split_with(PreTokenized& words, SplitBehavior behavior, Cut cut) {
  std::vector<Split> result;
  result.reserve(words.splits.size());
  std::vector<Match> matches;
  for (const Split& split : words.splits) {
    if (split.added_token >= 0) {
      result.push_back(split);
      continue;
    }
    matches.clear();
    cut(words.of(split), matches);
    apply_behavior(behavior, matches);
    for (const Match& match : matches) {
      if (match.begin == match.end) continue;
      const std::uint32_t begin = split.begin + match.begin;
      result.push_back({begin, split.begin + match.end, words.text.alignment[begin].begin, -1, {}});
    }
  }
  words.splits = std::move(result);
}

/// Cuts where `is_delimiter(c)` holds; each such character is a match of its own.
template <typename Predicate>
void split_at(PreTokenized& words, SplitBehavior behavior, Predicate is_delimiter) {
  split_with(words, behavior, [&](std::string_view text, std::vector<Match>& matches) {
    std::uint32_t begin = 0;
    for (std::size_t i = 0; i < text.size();) {
      const auto at = static_cast<std::uint32_t>(i);
      if (!is_delimiter(utf8::next(text, i))) continue;
      if (begin < at) matches.push_back({begin, at, false});
      begin = static_cast<std::uint32_t>(i);
      matches.push_back({at, begin, true});
    }
    if (begin < text.size()) matches.push_back({begin, static_cast<std::uint32_t>(text.size()), false});
  });
}

class PreTokenizerSequence final : public PreTokenizer {
 public:
  explicit PreTokenizerSequence(PreTokenizers steps) : steps_(std::move(steps)) {}
  void pre_tokenize(PreTokenized& words) const override {
    for (const auto& step : steps_) step->pre_tokenize(words);
  }

 private:
  PreTokenizers steps_;
};

class ByteLevelPreTokenizer final : public PreTokenizer {
 public:
  ByteLevelPreTokenizer(bool add_prefix_space, bool split)
      : add_prefix_space_(add_prefix_space),
        split_(split),
        pattern_(Pattern::regex(kWords, "pre_tokenizer ByteLevel")) {}

  void pre_tokenize(PreTokenized& words) const override {
    if (add_prefix_space_) {
      rewrite_splits(
          words, [](std::string_view text) { return text.empty() || text[0] != ' '; },
          [](AlignedText& part) { part.prepend(" "); });
    }
    if (split_) {
      split_with(words, SplitBehavior::kIsolated,
                 [&](std::string_view text, std::vector<Match>& matches) { pattern_.cut(text, matches); });
    }
    spell(words);
  }

 private:
  static constexpr std::string_view kWords =
      R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

  static void spell(PreTokenized& words) {
    AlignedText spelled;
    spelled.text.reserve(words.text.text.size() * 3 / 2);
    spelled.alignment.reserve(words.text.text.size() * 3 / 2);
    for (Split& split : words.splits) {
      if (split.added_token >= 0) continue;
      const auto begin = static_cast<std::uint32_t>(spelled.text.size());
      append_byte_level(words.of(split),
                        std::span(words.text.alignment).subspan(split.begin, split.end - split.begin),
                        spelled);
      split.begin = begin;
      split.end = static_cast<std::uint32_t>(spelled.text.size());
    }
    words.text = std::move(spelled);
  }

  bool add_prefix_space_;
  bool split_;
  Pattern pattern_;
};

class BertPreTokenizer final : public PreTokenizer {
 public:
  void pre_tokenize(PreTokenized& words) const override {
    split_at(words, SplitBehavior::kRemoved, unicode::is_whitespace);
    split_at(words, SplitBehavior::kIsolated, unicode::is_punctuation);
  }
};

SplitBehavior read_behavior(const json::Fields& fields) {
  const std::string name(fields.text("behavior"));
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
  fields.fail("behavior \"" + name + "\" is not supported");
}

class SplitPreTokenizer final : public PreTokenizer {
 public:
  SplitPreTokenizer(Pattern pattern, SplitBehavior behavior, bool inverted)
      : pattern_(std::move(pattern)), behavior_(behavior), inverted_(inverted) {}

  void pre_tokenize(PreTokenized& words) const override {
    split_with(words, behavior_, [&](std::string_view text, std::vector<Match>& matches) {
      pattern_.cut(text, matches);
      if (!inverted_) return;
      for (Match& match : matches) match.is_match = !match.is_match;
    });
  }

 private:
  Pattern pattern_;
  SplitBehavior behavior_;
  bool inverted_;
};

class WhitespacePreTokenizer final : public PreTokenizer {
 public:
  void pre_tokenize(PreTokenized& words) const override {
    split_with(words, SplitBehavior::kIsolated, [](std::string_view text, std::vector<Match>& matches) {
      enum class Kind { kSpace, kWord, kOther };
      const auto kind_of = [](char32_t c) {
        return unicode::is_word(c) ? Kind::kWord : unicode::is_whitespace(c) ? Kind::kSpace : Kind::kOther;
      };
      Kind previous = Kind::kSpace;
      for (std::size_t i = 0; i < text.size();) {
        const auto at = static_cast<std::uint32_t>(i);
        const Kind kind = kind_of(utf8::next(text, i));
        if (kind != Kind::kSpace) {
          if (kind != previous) matches.push_back({at, at, true});
          matches.back().end = static_cast<std::uint32_t>(i);
        }
        previous = kind;
      }
    });
  }
};

class WhitespaceSplitPreTokenizer final : public PreTokenizer {
 public:
  void pre_tokenize(PreTokenized& words) const override {
    split_at(words, SplitBehavior::kRemoved, unicode::is_whitespace);
  }
};

class CharDelimiterPreTokenizer final : public PreTokenizer {
 public:
  explicit CharDelimiterPreTokenizer(const json::Fields& fields)
      : delimiter_(fields.character("delimiter")) {}
  void pre_tokenize(PreTokenized& words) const override {
    split_at(words, SplitBehavior::kRemoved, [&](char32_t c) { return c == delimiter_; });
  }

 private:
  char32_t delimiter_;
};

class DigitsPreTokenizer final : public PreTokenizer {
 public:
  explicit DigitsPreTokenizer(const json::Fields& fields) : individual_(fields.flag("individual_digits")) {}
  void pre_tokenize(PreTokenized& words) const override {
    split_at(words, individual_ ? SplitBehavior::kIsolated : SplitBehavior::kContiguous, unicode::is_number);
  }

 private:
  bool individual_;
};

class PunctuationPreTokenizer final : public PreTokenizer {
 public:
  explicit PunctuationPreTokenizer(const json::Fields& fields)
      : behavior_(fields.find("behavior") == nullptr ? SplitBehavior::kIsolated : read_behavior(fields)) {}
  void pre_tokenize(PreTokenized& words) const override {
    split_at(words, behavior_, unicode::is_punctuation);
  }

 private:
  SplitBehavior behavior_;
};

class UnicodeScriptsPreTokenizer final : public PreTokenizer {
 public:
  void pre_tokenize(PreTokenized& words) const override {
    split_with(words, SplitBehavior::kIsolated, [](std::string_view text, std::vector<Match>& matches) {
      constexpr int kNone = -2;
      constexpr int kAny = -1;
      int previous = kNone;
      for (std::size_t i = 0; i < text.size();) {
        const auto at = static_cast<std::uint32_t>(i);
        const int script = unicode::split_script(utf8::next(text, i));
        if (script != kAny && script != previous) matches.push_back({at, at, false});
        // As in the reference, what stands before the first character with a script is lost.
        if (!matches.empty()) matches.back().end = static_cast<std::uint32_t>(i);
        if (script != kAny) previous = script;
      }
    });
  }
};

class FixedLengthPreTokenizer final : public PreTokenizer {
 public:
  explicit FixedLengthPreTokenizer(const json::Fields& fields) : length_(fields.count("length", 5)) {
    if (length_ == 0) fields.fail("\"length\" should be greater than 0");
  }
  void pre_tokenize(PreTokenized& words) const override {
    split_with(words, SplitBehavior::kIsolated, [&](std::string_view text, std::vector<Match>& matches) {
      std::uint32_t count = 0;
      for (std::size_t i = 0; i < text.size();) {
        const auto at = static_cast<std::uint32_t>(i);
        i += utf8::length(text[i]);
        if (count++ % length_ == 0) matches.push_back({at, at, false});
        matches.back().end = static_cast<std::uint32_t>(i);
      }
    });
  }

 private:
  std::uint32_t length_;
};

class MetaspacePreTokenizer final : public PreTokenizer {
 public:
  explicit MetaspacePreTokenizer(const json::Fields& fields)
      : options_(read_metaspace(fields)), mark_(utf8::encode(options_.replacement)) {}

  void pre_tokenize(PreTokenized& words) const override {
    const Pattern space = Pattern::literal(" ");
    rewrite_splits(
        words, [](std::string_view) { return true; },
        [&](AlignedText& part) {
          replace_matches(part, space, mark_);
          const bool wanted = options_.scheme == PrependScheme::kAlways ||
                              (options_.scheme == PrependScheme::kFirst && part.origin == 0);
          if (wanted && !part.text.starts_with(mark_)) part.prepend(mark_);
        });
    if (!options_.split) return;
    split_at(words, SplitBehavior::kMergedWithNext, [&](char32_t c) { return c == options_.replacement; });
  }

 private:
  Metaspace options_;
  std::string mark_;
};

std::unique_ptr<PreTokenizer> read_pre_tokenizers(const json::Fields& fields) {
  PreTokenizers steps;
  for (const json::Value& step : fields.need("pretokenizers", json::Kind::kArray).items) {
    if (auto made = make_pre_tokenizer(step, fields.where())) steps.push_back(std::move(made));
  }
  return make_pre_tokenizer_sequence(std::move(steps));
}

std::unique_ptr<PreTokenizer> read_byte_level(const json::Fields& fields) {
  fields.flag("trim_offsets", true);
  return make_byte_level_pre_tokenizer(fields.flag("add_prefix_space"), fields.flag("use_regex", true));
}

std::unique_ptr<PreTokenizer> read_split(const json::Fields& fields) {
  return make_split_pre_tokenizer(Pattern::read(fields, "pattern"), read_behavior(fields),
                                  fields.flag("invert", false));
}

}  // namespace

std::unique_ptr<PreTokenizer> make_byte_level_pre_tokenizer(bool add_prefix_space, bool split) {
  return std::make_unique<ByteLevelPreTokenizer>(add_prefix_space, split);
}

std::unique_ptr<PreTokenizer> make_split_pre_tokenizer(Pattern pattern, SplitBehavior behavior,
                                                       bool inverted) {
  return std::make_unique<SplitPreTokenizer>(std::move(pattern), behavior, inverted);
}

std::unique_ptr<PreTokenizer> make_bert_pre_tokenizer() { return std::make_unique<BertPreTokenizer>(); }

std::unique_ptr<PreTokenizer> make_pre_tokenizer_sequence(PreTokenizers steps) {
  return std::make_unique<PreTokenizerSequence>(std::move(steps));
}

std::unique_ptr<PreTokenizer> make_pre_tokenizer(const json::Value& value, const std::string& where) {
  if (value.is(json::Kind::kNull)) return nullptr;
  const std::string type(json::Fields(value, where, "pre_tokenizer").text("type"));
  const json::Fields fields(value, where, "pre_tokenizer " + type);
  if (type == "Sequence") return read_pre_tokenizers(fields);
  if (type == "ByteLevel") return read_byte_level(fields);
  if (type == "BertPreTokenizer") return make_bert_pre_tokenizer();
  if (type == "Split") return read_split(fields);
  if (type == "Metaspace") return std::make_unique<MetaspacePreTokenizer>(fields);
  if (type == "WhitespaceSplit") return std::make_unique<WhitespaceSplitPreTokenizer>();
  if (type == "Whitespace") return std::make_unique<WhitespacePreTokenizer>();
  if (type == "Digits") return std::make_unique<DigitsPreTokenizer>(fields);
  if (type == "Punctuation") return std::make_unique<PunctuationPreTokenizer>(fields);
  if (type == "CharDelimiterSplit") return std::make_unique<CharDelimiterPreTokenizer>(fields);
  if (type == "UnicodeScripts") return std::make_unique<UnicodeScriptsPreTokenizer>();
  if (type == "FixedLength") return std::make_unique<FixedLengthPreTokenizer>(fields);
  fields.fail("this pre-tokenizer is not supported");
}

}  // namespace attnviz::tokenizer
