/// The post-processors of tokenizer.json.
#include <algorithm>
#include <unordered_map>

#include "attnviz/core.h"
#include "core/utf8.h"
#include "tokenizer/components.h"
#include "tokenizer/json.h"
#include "tokenizer/stages.h"
#include "tokenizer/unicode.h"

namespace attnviz::tokenizer {
namespace {

SequenceToken placed(const TemplateToken& from, int type_id) {
  SequenceToken token;
  token.id = from.id;
  token.piece = from.piece;
  token.sequence = -1;
  token.type_id = type_id;
  return token;
}

bool is_space(char32_t c) { return c == unicode::byte_level_char(' ') || unicode::is_whitespace(c); }

/// Takes the white space out of the offsets of byte-level pieces. The space that add_prefix_space put in
/// front is in no text, so one leading space at the beginning stays.
void trim_offsets(Part& part, bool add_prefix_space) {
  for (std::size_t i = 0; i < part.size(); ++i) {
    SequenceToken& token = part[i];
    std::int64_t leading = 0;
    std::int64_t trailing = 0;
    const std::string_view piece = token.piece;
    for (std::size_t k = 0; k < piece.size() && is_space(utf8::next(piece, k)); ++leading) {
    }
    for (std::size_t k = piece.size(); k > 0; ++trailing) {
      k = utf8::begin_of_character(piece, k - 1);
      std::size_t behind = k;
      if (!is_space(utf8::next(piece, behind))) break;
    }
    if (leading > 0) {
      const bool first = i == 0 || token.begin == 0;
      if (first && add_prefix_space && leading == 1) leading = 0;
      token.begin = std::min(token.begin + leading, token.end);
    }
    if (trailing > 0 && token.end >= trailing) token.end = std::max(token.end - trailing, token.begin);
  }
}

class PostProcessorSequence final : public PostProcessor {
 public:
  explicit PostProcessorSequence(std::vector<std::unique_ptr<PostProcessor>> steps)
      : steps_(std::move(steps)) {}
  std::size_t added_tokens(bool pair) const override {
    std::size_t sum = 0;
    for (const auto& step : steps_) sum += step->added_tokens(pair);
    return sum;
  }
  void process(std::vector<Part>& parts, bool special) const override {
    for (const auto& step : steps_) step->process(parts, special);
  }

 private:
  std::vector<std::unique_ptr<PostProcessor>> steps_;
};

class ByteLevelPostProcessor final : public PostProcessor {
 public:
  explicit ByteLevelPostProcessor(const json::Fields& fields)
      : trim_(fields.flag("trim_offsets", true)), add_prefix_space_(fields.flag("add_prefix_space", true)) {}
  std::size_t added_tokens(bool) const override { return 0; }
  void process(std::vector<Part>& parts, bool) const override {
    if (!trim_) return;
    for (Part& part : parts) trim_offsets(part, add_prefix_space_);
  }

 private:
  bool trim_;
  bool add_prefix_space_;
};

void wrap(Part& part, const TemplateToken& before, const TemplateToken& behind, int type_id) {
  part.insert(part.begin(), placed(before, type_id));
  part.push_back(placed(behind, type_id));
}

class BertPostProcessor final : public PostProcessor {
 public:
  BertPostProcessor(TemplateToken first, TemplateToken separator)
      : first_(std::move(first)), separator_(std::move(separator)) {}
  std::size_t added_tokens(bool pair) const override { return pair ? 3 : 2; }
  void process(std::vector<Part>& parts, bool special) const override {
    if (!special) return;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i == 0) {
        for (SequenceToken& token : parts[i]) token.type_id = 0;
        wrap(parts[i], first_, separator_, 0);
      } else {
        for (SequenceToken& token : parts[i]) token.type_id = 1;
        parts[i].push_back(placed(separator_, 1));
      }
    }
  }

 private:
  TemplateToken first_;
  TemplateToken separator_;
};

class RobertaPostProcessor final : public PostProcessor {
 public:
  RobertaPostProcessor(TemplateToken first, TemplateToken separator, bool trim, bool add_prefix_space)
      : first_(std::move(first)),
        separator_(std::move(separator)),
        trim_(trim),
        add_prefix_space_(add_prefix_space) {}
  std::size_t added_tokens(bool pair) const override { return pair ? 4 : 2; }
  void process(std::vector<Part>& parts, bool special) const override {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (trim_) trim_offsets(parts[i], add_prefix_space_);
      for (SequenceToken& token : parts[i]) token.type_id = 0;
      if (special) wrap(parts[i], i == 0 ? first_ : separator_, separator_, 0);
    }
  }

 private:
  TemplateToken first_;
  TemplateToken separator_;
  bool trim_;
  bool add_prefix_space_;
};

class TemplatePostProcessor final : public PostProcessor {
 public:
  TemplatePostProcessor(Template single, Template pair, std::string place)
      : single_(std::move(single)), pair_(std::move(pair)), place_(std::move(place)) {}

  std::size_t added_tokens(bool pair) const override {
    std::size_t count = 0;
    for (const TemplateItem& item : pair ? pair_ : single_) count += item.tokens.size();
    return count;
  }

  void process(std::vector<Part>& parts, bool special) const override {
    if (parts.size() > 2) {
      throw Error(ErrorKind::kInput, place_ + ": a template cannot follow another one that added tokens");
    }
    const Template& items = parts.size() == 2 ? pair_ : single_;
    std::vector<Part> result;
    for (const TemplateItem& item : items) {
      if (item.sequence >= 0) {
        if (static_cast<std::size_t>(item.sequence) >= parts.size()) continue;
        result.push_back(parts[static_cast<std::size_t>(item.sequence)]);
        for (SequenceToken& token : result.back()) token.type_id = item.type_id;
      } else if (special) {
        Part& part = result.emplace_back();
        for (const TemplateToken& token : item.tokens) part.push_back(placed(token, item.type_id));
      }
    }
    parts = std::move(result);
  }

 private:
  Template single_;
  Template pair_;
  std::string place_;
};

/// Reads the templates of a TemplateProcessing.
class TemplateReader {
 public:
  explicit TemplateReader(const json::Fields& fields) {
    const json::Value* const all = fields.find("special_tokens");
    if (all == nullptr) return;
    for (const json::Value& value : fields.need("special_tokens", json::Kind::kObject).items) {
      const json::Fields token = fields.inside(value, fields.component() + " special token");
      const auto& ids = token.need("ids", json::Kind::kArray).items;
      const auto& pieces = token.need("tokens", json::Kind::kArray).items;
      if (ids.size() != pieces.size()) token.fail("\"ids\" and \"tokens\" should have the same length");
      Tokens tokens;
      for (std::size_t i = 0; i < ids.size(); ++i) {
        const bool good = ids[i].is(json::Kind::kInteger) && ids[i].integer >= 0 &&
                          ids[i].integer <= UINT32_MAX && pieces[i].is(json::Kind::kString);
        if (!good) token.fail("\"ids\" should hold integers and \"tokens\" strings");
        tokens.push_back({static_cast<std::uint32_t>(ids[i].integer), std::string(pieces[i].text)});
      }
      special_tokens_.insert_or_assign(std::string(value.key), std::move(tokens));
    }
  }

  /// Either [{"Sequence": …}, …] or the short form: ["[CLS]", "$A:0"], "[CLS] $A:0".
  Template read(const json::Fields& fields, std::string_view name) const {
    Template items;
    const json::Value* const value = fields.find(name);
    if (value == nullptr) fields.fail("\"" + std::string(name) + "\" is missing");
    if (value->is(json::Kind::kString)) {
      for (std::size_t begin = 0; begin <= value->text.size();) {
        const std::size_t end = std::min(value->text.find(' ', begin), value->text.size());
        items.push_back(read_short(fields, value->text.substr(begin, end - begin)));
        begin = end + 1;
      }
      return items;
    }
    for (const json::Value& element : fields.need(name, json::Kind::kArray).items) {
      if (element.is(json::Kind::kString)) {
        items.push_back(read_short(fields, element.text));
        continue;
      }
      const json::Fields choice = fields.inside(element, fields.component() + " " + std::string(name));
      if (choice.find("Sequence") != nullptr) {
        const json::Fields sequence =
            choice.inside(choice.need("Sequence", json::Kind::kObject), choice.component());
        const std::string id(sequence.text("id"));
        if (id != "A" && id != "B") sequence.fail("sequence \"" + id + "\" should be \"A\" or \"B\"");
        items.push_back({id == "A" ? 0 : 1, static_cast<int>(sequence.count("type_id")), {}});
      } else {
        const json::Fields token =
            choice.inside(choice.need("SpecialToken", json::Kind::kObject), choice.component());
        items.push_back({-1, static_cast<int>(token.count("type_id")), tokens_of(token, token.text("id"))});
      }
    }
    return items;
  }

 private:
  using Tokens = std::vector<TemplateToken>;

  TemplateItem read_short(const json::Fields& fields, std::string_view text) const {
    TemplateItem item;
    const std::size_t colon = text.find(':');
    if (colon != std::string_view::npos) {
      item.type_id = number(fields, text.substr(colon + 1));
      text = text.substr(0, colon);
    }
    if (!text.starts_with('$')) {
      item.tokens = tokens_of(fields, text);
    } else if (text == "$" || text == "$A" || text == "$a") {
      item.sequence = 0;
    } else if (text == "$B" || text == "$b") {
      item.sequence = 1;
    } else {
      item.sequence = 0;
      if (colon == std::string_view::npos) item.type_id = number(fields, text.substr(1));
    }
    return item;
  }

  static int number(const json::Fields& fields, std::string_view digits) {
    int value = 0;
    bool good = !digits.empty() && digits.size() < 10;
    for (const char digit : digits) {
      good = good && digit >= '0' && digit <= '9';
      if (good) value = value * 10 + (digit - '0');
    }
    if (!good) fields.fail("\"" + std::string(digits.substr(0, 80)) + "\" should be a type id");
    return value;
  }

  const Tokens& tokens_of(const json::Fields& fields, std::string_view id) const {
    const auto found = special_tokens_.find(std::string(id));
    if (found == special_tokens_.end()) {
      fields.fail("the special token \"" + std::string(id.substr(0, 80)) + "\" is not in \"special_tokens\"");
    }
    return found->second;
  }

  std::unordered_map<std::string, Tokens> special_tokens_;
};

/// A ["piece", id] of Bert- and RobertaProcessing.
TemplateToken read_end_token(const json::Fields& fields, std::string_view name) {
  const auto& items = fields.need(name, json::Kind::kArray).items;
  const bool good = items.size() == 2 && items[0].is(json::Kind::kString) &&
                    items[1].is(json::Kind::kInteger) && items[1].integer >= 0 &&
                    items[1].integer <= UINT32_MAX;
  if (!good) fields.fail("\"" + std::string(name) + "\" should be [\"piece\", id]");
  return {static_cast<std::uint32_t>(items[1].integer), std::string(items[0].text)};
}

std::unique_ptr<PostProcessor> read_post_processors(const json::Fields& fields) {
  std::vector<std::unique_ptr<PostProcessor>> steps;
  for (const json::Value& step : fields.need("processors", json::Kind::kArray).items) {
    if (auto made = make_post_processor(step, fields.where())) steps.push_back(std::move(made));
  }
  return std::make_unique<PostProcessorSequence>(std::move(steps));
}

std::unique_ptr<PostProcessor> read_template(const json::Fields& fields) {
  const TemplateReader reader(fields);
  return make_template_post_processor(reader.read(fields, "single"), reader.read(fields, "pair"),
                                      fields.place());
}

std::unique_ptr<PostProcessor> read_roberta(const json::Fields& fields) {
  return make_roberta_post_processor(read_end_token(fields, "cls"), read_end_token(fields, "sep"),
                                     fields.flag("trim_offsets", true),
                                     fields.flag("add_prefix_space", true));
}

}  // namespace

std::unique_ptr<PostProcessor> make_bert_post_processor(TemplateToken first, TemplateToken separator) {
  return std::make_unique<BertPostProcessor>(std::move(first), std::move(separator));
}

std::unique_ptr<PostProcessor> make_roberta_post_processor(TemplateToken first, TemplateToken separator,
                                                           bool trim_offsets, bool add_prefix_space) {
  return std::make_unique<RobertaPostProcessor>(std::move(first), std::move(separator), trim_offsets,
                                                add_prefix_space);
}

std::unique_ptr<PostProcessor> make_template_post_processor(Template single, Template pair,
                                                            std::string place) {
  return std::make_unique<TemplatePostProcessor>(std::move(single), std::move(pair), std::move(place));
}

std::unique_ptr<PostProcessor> make_post_processor(const json::Value& value, const std::string& where) {
  if (value.is(json::Kind::kNull)) return nullptr;
  const std::string type(json::Fields(value, where, "post_processor").text("type"));
  const json::Fields fields(value, where, "post_processor " + type);
  if (type == "Sequence") return read_post_processors(fields);
  if (type == "TemplateProcessing") return read_template(fields);
  if (type == "ByteLevel") return std::make_unique<ByteLevelPostProcessor>(fields);
  if (type == "RobertaProcessing") return read_roberta(fields);
  if (type == "BertProcessing") {
    return make_bert_post_processor(read_end_token(fields, "cls"), read_end_token(fields, "sep"));
  }
  fields.fail("this post-processor is not supported");
}

}  // namespace attnviz::tokenizer
