/// The post-processors of tokenizer.json.
#include <algorithm>
#include <unordered_map>

#include "attnviz/core.h"
#include "core/utf8.h"
#include "tokenizer/components.h"
#include "tokenizer/json.h"
#include "tokenizer/unicode.h"

namespace attnviz::tokenizer {
namespace {

SequenceToken template_token(std::uint32_t id, std::string_view piece, int type_id) {
  SequenceToken token;
  token.id = id;
  token.piece = piece;
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

/// A ["piece", id] of Bert- and RobertaProcessing.
struct EndToken {
  EndToken(const json::Fields& fields, std::string_view name) {
    const auto& items = fields.need(name, json::Kind::kArray).items;
    const bool good = items.size() == 2 && items[0].is(json::Kind::kString) &&
                      items[1].is(json::Kind::kInteger) && items[1].integer >= 0 &&
                      items[1].integer <= UINT32_MAX;
    if (!good) fields.fail("\"" + std::string(name) + "\" should be [\"piece\", id]");
    piece = items[0].text;
    id = static_cast<std::uint32_t>(items[1].integer);
  }
  std::string piece;
  std::uint32_t id = 0;
};

void wrap(Part& part, const EndToken& before, const EndToken& behind, int type_id) {
  part.insert(part.begin(), template_token(before.id, before.piece, type_id));
  part.push_back(template_token(behind.id, behind.piece, type_id));
}

class BertPostProcessor final : public PostProcessor {
 public:
  explicit BertPostProcessor(const json::Fields& fields) : separator_(fields, "sep"), first_(fields, "cls") {}
  std::size_t added_tokens(bool pair) const override { return pair ? 3 : 2; }
  void process(std::vector<Part>& parts, bool special) const override {
    if (!special) return;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i == 0) {
        for (SequenceToken& token : parts[i]) token.type_id = 0;
        wrap(parts[i], first_, separator_, 0);
      } else {
        for (SequenceToken& token : parts[i]) token.type_id = 1;
        parts[i].push_back(template_token(separator_.id, separator_.piece, 1));
      }
    }
  }

 private:
  EndToken separator_;
  EndToken first_;
};

class RobertaPostProcessor final : public PostProcessor {
 public:
  explicit RobertaPostProcessor(const json::Fields& fields)
      : separator_(fields, "sep"),
        first_(fields, "cls"),
        trim_(fields.flag("trim_offsets", true)),
        add_prefix_space_(fields.flag("add_prefix_space", true)) {}
  std::size_t added_tokens(bool pair) const override { return pair ? 4 : 2; }
  void process(std::vector<Part>& parts, bool special) const override {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (trim_) trim_offsets(parts[i], add_prefix_space_);
      for (SequenceToken& token : parts[i]) token.type_id = 0;
      if (special) wrap(parts[i], i == 0 ? first_ : separator_, separator_, 0);
    }
  }

 private:
  EndToken separator_;
  EndToken first_;
  bool trim_;
  bool add_prefix_space_;
};

class TemplatePostProcessor final : public PostProcessor {
 public:
  explicit TemplatePostProcessor(const json::Fields& fields) : place_(fields.place()) {
    read_special_tokens(fields);
    single_ = read_template(fields, "single");
    pair_ = read_template(fields, "pair");
  }

  std::size_t added_tokens(bool pair) const override {
    std::size_t count = 0;
    for (const Item& item : pair ? pair_ : single_) count += item.tokens.size();
    return count;
  }

  void process(std::vector<Part>& parts, bool special) const override {
    if (parts.size() > 2) {
      throw Error(ErrorKind::kInput, place_ + ": a template cannot follow another one that added tokens");
    }
    const std::vector<Item>& items = parts.size() == 2 ? pair_ : single_;
    std::vector<Part> result;
    for (const Item& item : items) {
      if (item.sequence >= 0) {
        if (static_cast<std::size_t>(item.sequence) >= parts.size()) continue;
        result.push_back(parts[static_cast<std::size_t>(item.sequence)]);
        for (SequenceToken& token : result.back()) token.type_id = item.type_id;
      } else if (special) {
        Part& part = result.emplace_back();
        for (const auto& [id, piece] : item.tokens) part.push_back(template_token(id, piece, item.type_id));
      }
    }
    parts = std::move(result);
  }

 private:
  using Tokens = std::vector<std::pair<std::uint32_t, std::string>>;
  struct Item {
    int sequence = -1;  ///< 0 or 1; -1 for tokens.
    int type_id = 0;
    Tokens tokens;
  };

  void read_special_tokens(const json::Fields& fields) {
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
        tokens.emplace_back(static_cast<std::uint32_t>(ids[i].integer), pieces[i].text);
      }
      special_tokens_.insert_or_assign(std::string(value.key), std::move(tokens));
    }
  }

  /// Either [{"Sequence": …}, …] or the short form: ["[CLS]", "$A:0"], "[CLS] $A:0".
  std::vector<Item> read_template(const json::Fields& fields, std::string_view name) const {
    std::vector<Item> items;
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

  Item read_short(const json::Fields& fields, std::string_view text) const {
    Item item;
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

  std::string place_;
  std::unordered_map<std::string, Tokens> special_tokens_;
  std::vector<Item> single_;
  std::vector<Item> pair_;
};

std::unique_ptr<PostProcessor> make_sequence(const json::Fields& fields) {
  std::vector<std::unique_ptr<PostProcessor>> steps;
  for (const json::Value& step : fields.need("processors", json::Kind::kArray).items) {
    if (auto made = make_post_processor(step, fields.where())) steps.push_back(std::move(made));
  }
  return std::make_unique<PostProcessorSequence>(std::move(steps));
}

}  // namespace

std::unique_ptr<PostProcessor> make_post_processor(const json::Value& value, const std::string& where) {
  if (value.is(json::Kind::kNull)) return nullptr;
  const std::string type(json::Fields(value, where, "post_processor").text("type"));
  const json::Fields fields(value, where, "post_processor " + type);
  if (type == "Sequence") return make_sequence(fields);
  if (type == "TemplateProcessing") return std::make_unique<TemplatePostProcessor>(fields);
  if (type == "ByteLevel") return std::make_unique<ByteLevelPostProcessor>(fields);
  if (type == "RobertaProcessing") return std::make_unique<RobertaPostProcessor>(fields);
  if (type == "BertProcessing") return std::make_unique<BertPostProcessor>(fields);
  fields.fail("this post-processor is not supported");
}

}  // namespace attnviz::tokenizer
