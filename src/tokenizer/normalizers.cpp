/// The normalizers of tokenizer.json.
#include <array>
#include <span>

#include "attnviz/core.h"
#include "core/utf8.h"
#include "tokenizer/byte_level.h"
#include "tokenizer/components.h"
#include "tokenizer/json.h"
#include "tokenizer/pattern.h"
#include "tokenizer/precompiled_map.h"
#include "tokenizer/stages.h"
#include "tokenizer/unicode.h"
#include "tokenizer/unicode_normalization.h"

namespace attnviz::tokenizer {
namespace {

class NormalizerSequence final : public Normalizer {
 public:
  explicit NormalizerSequence(Normalizers steps) : steps_(std::move(steps)) {}
  void normalize(AlignedText& text) const override {
    for (const auto& step : steps_) step->normalize(text);
  }

 private:
  Normalizers steps_;
};

class FormNormalizer final : public Normalizer {
 public:
  explicit FormNormalizer(NormalForm form) : form_(form) {}
  void normalize(AlignedText& text) const override { tokenizer::normalize(text, form_); }

 private:
  NormalForm form_;
};

class LowercaseNormalizer final : public Normalizer {
 public:
  void normalize(AlignedText& text) const override { lower(text); }

  static void lower(AlignedText& text) {
    std::vector<Change> changes;
    changes.reserve(text.text.size());
    std::u32string lowered;
    for (std::size_t i = 0; i < text.text.size();) {
      lowered.clear();
      unicode::append_lower(lowered, utf8::next(text.text, i));
      for (std::size_t k = 0; k < lowered.size(); ++k) changes.push_back({lowered[k], k > 0 ? 1 : 0});
    }
    text.rewrite(changes);
  }
};

class BertNormalizer final : public Normalizer {
 public:
  explicit BertNormalizer(const BertCleaning& cleaning) : cleaning_(cleaning) {}

  void normalize(AlignedText& text) const override {
    if (cleaning_.clean_text) clean(text);
    if (cleaning_.set_ideographs_apart) set_ideographs_apart(text);
    if (cleaning_.strip_accents) {
      tokenizer::normalize(text, NormalForm::kNfd);
      text.filter([](char32_t c) { return !unicode::is_nonspacing_mark(c); });
    }
    if (cleaning_.lowercase) LowercaseNormalizer::lower(text);
  }

 private:
  static void clean(AlignedText& text) {
    text.filter([](char32_t c) { return c != 0 && c != 0xFFFD && !unicode::is_removed_control(c); });
    text.map([](char32_t c) { return unicode::is_whitespace(c) ? U' ' : c; });
  }

  static void set_ideographs_apart(AlignedText& text) {
    if (!any_character(text.text, unicode::is_cjk_ideograph)) return;
    std::vector<Change> changes;
    changes.reserve(text.text.size());
    for (std::size_t i = 0; i < text.text.size();) {
      const char32_t c = utf8::next(text.text, i);
      if (unicode::is_cjk_ideograph(c)) {
        changes.insert(changes.end(), {{U' ', 0}, {c, 1}, {U' ', 1}});
      } else {
        changes.push_back({c, 0});
      }
    }
    text.rewrite(changes);
  }

  BertCleaning cleaning_;
};

class StripNormalizer final : public Normalizer {
 public:
  explicit StripNormalizer(const json::Fields& fields)
      : left_(fields.flag("strip_left")), right_(fields.flag("strip_right")) {}

  void normalize(AlignedText& text) const override {
    std::size_t begin = 0;
    while (left_ && begin < text.text.size()) {
      std::size_t behind = begin;
      if (!unicode::is_whitespace(utf8::next(text.text, behind))) break;
      begin = behind;
    }
    std::size_t end = text.text.size();
    while (right_ && end > begin) {
      const std::size_t last = utf8::begin_of_character(text.text, end - 1);
      std::size_t behind = last;
      if (!unicode::is_whitespace(utf8::next(text.text, behind))) break;
      end = last;
    }
    text.text = text.text.substr(begin, end - begin);
    text.alignment.resize(end);
    text.alignment.erase(text.alignment.begin(), text.alignment.begin() + static_cast<std::ptrdiff_t>(begin));
  }

 private:
  bool left_;
  bool right_;
};

class StripAccentsNormalizer final : public Normalizer {
 public:
  void normalize(AlignedText& text) const override {
    text.filter([](char32_t c) { return !unicode::is_combining_mark(c); });
  }
};

/// The clean-up of Google's neural machine translation: control characters go, odd white space becomes a
/// space.
class NmtNormalizer final : public Normalizer {
 public:
  void normalize(AlignedText& text) const override {
    text.filter([](char32_t c) {
      return !((c >= 0x1 && c <= 0x8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || c == 0x8F ||
               c == 0x9F);
    });
    text.map([](char32_t c) {
      const bool space = c == 0x9 || c == 0xA || c == 0xC || c == 0xD || c == 0x1680 ||
                         (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 || c == 0x2581 ||
                         c == 0xFEFF || c == 0xFFFD;
      return space ? U' ' : c;
    });
  }
};

class PrependNormalizer final : public Normalizer {
 public:
  explicit PrependNormalizer(const json::Fields& fields) : prefix_(fields.text("prepend")) {}
  void normalize(AlignedText& text) const override { text.prepend(prefix_); }

 private:
  std::string prefix_;
};

class ReplaceNormalizer final : public Normalizer {
 public:
  ReplaceNormalizer(Pattern pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}
  void normalize(AlignedText& text) const override { replace_matches(text, pattern_, content_); }

 private:
  Pattern pattern_;
  std::string content_;
};

class ByteLevelNormalizer final : public Normalizer {
 public:
  void normalize(AlignedText& text) const override {
    AlignedText result;
    result.origin = text.origin;
    append_byte_level(text.text, text.alignment, result);
    text = std::move(result);
  }
};

/// A SentencePiece character map, as the reference applies it: the shortest entry that begins a short
/// grapheme stands for all of it; longer graphemes go character by character.
class PrecompiledNormalizer final : public Normalizer {
 public:
  explicit PrecompiledNormalizer(const json::Fields& fields) : map_(read(fields), fields.place()) {}

  void normalize(AlignedText& text) const override {
    const std::string_view all = text.text;
    std::vector<Change> changes;
    changes.reserve(all.size());
    bool modified = false;
    for (std::size_t i = 0; i < all.size();) {
      const std::size_t end = unicode::grapheme_end(all, i);
      if (end - i < kShortGrapheme && put(all.substr(i, end - i), changes)) {
        modified = true;
        i = end;
        continue;
      }
      while (i < end) {
        const std::size_t begin = i;
        const char32_t c = utf8::next(all, i);
        if (put(all.substr(begin, i - begin), changes)) {
          modified = true;
        } else {
          changes.push_back({c, 0});
        }
      }
    }
    if (modified) text.rewrite(changes);
  }

 private:
  static constexpr std::size_t kShortGrapheme = 6;

  static std::string read(const json::Fields& fields) {
    const json::Value* const charsmap = fields.maybe("precompiled_charsmap", json::Kind::kString);
    if (charsmap == nullptr) return {};
    auto bytes = decode_base64(charsmap->text);
    if (!bytes) fields.fail("\"precompiled_charsmap\" is not base64");
    return std::move(*bytes);
  }

  bool put(std::string_view chunk, std::vector<Change>& changes) const {
    const auto found = map_.shortest_prefix(chunk);
    if (!found) return false;
    const int difference =
        static_cast<int>(utf8::count(found->replacement)) - static_cast<int>(utf8::count(chunk));
    for (std::size_t i = 0; i < found->replacement.size();) {
      changes.push_back({utf8::next(found->replacement, i), 0});
    }
    if (difference > 0) {
      for (std::size_t i = changes.size() - static_cast<std::size_t>(difference); i < changes.size(); ++i) {
        changes[i].change = 1;
      }
    } else if (!changes.empty()) {
      changes.back().change += difference;
    }
    return true;
  }

  PrecompiledMap map_;
};

std::unique_ptr<Normalizer> read_normalizers(const json::Fields& fields) {
  Normalizers steps;
  for (const json::Value& step : fields.need("normalizers", json::Kind::kArray).items) {
    if (auto made = make_normalizer(step, fields.where())) steps.push_back(std::move(made));
  }
  return make_normalizer_sequence(std::move(steps));
}

std::unique_ptr<Normalizer> read_bert(const json::Fields& fields) {
  BertCleaning cleaning;
  cleaning.clean_text = fields.flag("clean_text");
  cleaning.set_ideographs_apart = fields.flag("handle_chinese_chars");
  cleaning.lowercase = fields.flag("lowercase");
  cleaning.strip_accents = fields.flag("strip_accents", cleaning.lowercase);
  return make_bert_normalizer(cleaning);
}

}  // namespace

std::unique_ptr<Normalizer> make_bert_normalizer(const BertCleaning& cleaning) {
  return std::make_unique<BertNormalizer>(cleaning);
}

std::unique_ptr<Normalizer> make_form_normalizer(NormalForm form) {
  return std::make_unique<FormNormalizer>(form);
}

std::unique_ptr<Normalizer> make_lowercase_normalizer() { return std::make_unique<LowercaseNormalizer>(); }

std::unique_ptr<Normalizer> make_replace_normalizer(Pattern pattern, std::string content) {
  return std::make_unique<ReplaceNormalizer>(std::move(pattern), std::move(content));
}

std::unique_ptr<Normalizer> make_normalizer_sequence(Normalizers steps) {
  return std::make_unique<NormalizerSequence>(std::move(steps));
}

std::unique_ptr<Normalizer> make_normalizer(const json::Value& value, const std::string& where) {
  if (value.is(json::Kind::kNull)) return nullptr;
  const std::string type(json::Fields(value, where, "normalizer").text("type"));
  const json::Fields fields(value, where, "normalizer " + type);
  if (type == "Sequence") return read_normalizers(fields);
  if (type == "BertNormalizer") return read_bert(fields);
  if (type == "NFC") return make_form_normalizer(NormalForm::kNfc);
  if (type == "NFD") return make_form_normalizer(NormalForm::kNfd);
  if (type == "NFKC") return make_form_normalizer(NormalForm::kNfkc);
  if (type == "NFKD") return make_form_normalizer(NormalForm::kNfkd);
  if (type == "Precompiled") return std::make_unique<PrecompiledNormalizer>(fields);
  if (type == "Replace") {
    return make_replace_normalizer(Pattern::read(fields, "pattern"), std::string(fields.text("content")));
  }
  if (type == "Prepend") return std::make_unique<PrependNormalizer>(fields);
  if (type == "Lowercase") return make_lowercase_normalizer();
  if (type == "Strip") return std::make_unique<StripNormalizer>(fields);
  if (type == "StripAccents") return std::make_unique<StripAccentsNormalizer>();
  if (type == "Nmt") return std::make_unique<NmtNormalizer>();
  if (type == "ByteLevel") return std::make_unique<ByteLevelNormalizer>();
  fields.fail("this normalizer is not supported");
}

}  // namespace attnviz::tokenizer
