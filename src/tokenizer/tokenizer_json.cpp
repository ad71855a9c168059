/// tokenizer.json: the file of the reference.
#include <algorithm>

#include "attnviz/core.h"
#include "tokenizer/files.h"
#include "tokenizer/json.h"

namespace attnviz::tokenizer {
namespace {

const json::Value& member(const json::Value& object, std::string_view name, const json::Value& null) {
  const json::Value* const found = object.find(name);
  return found == nullptr ? null : *found;
}

std::optional<Truncation> read_truncation(const json::Value& value, const std::string& where) {
  if (value.is(json::Kind::kNull)) return std::nullopt;
  const json::Fields fields(value, where, "truncation");
  Truncation truncation;
  truncation.max_length = fields.count("max_length");
  const std::string strategy = fields.optional_text("strategy").value_or("LongestFirst");
  if (strategy == "OnlyFirst") {
    truncation.strategy = Truncation::Strategy::kOnlyFirst;
  } else if (strategy == "OnlySecond") {
    truncation.strategy = Truncation::Strategy::kOnlySecond;
  } else if (strategy != "LongestFirst") {
    fields.fail("strategy \"" + strategy + "\" is not supported");
  }
  const std::string direction = fields.optional_text("direction").value_or("Right");
  if (direction != "Left" && direction != "Right")
    fields.fail("direction \"" + direction + "\" is not supported");
  truncation.keep_end = direction == "Left";
  return truncation;
}

std::vector<AddedToken> read_added_tokens(const json::Value& value, const std::string& where) {
  std::vector<AddedToken> tokens;
  if (value.is(json::Kind::kNull)) return tokens;
  if (!value.is(json::Kind::kArray))
    throw Error(ErrorKind::kInput, where + ": added_tokens should be an array");
  tokens.reserve(value.items.size());
  for (const json::Value& item : value.items) {
    const json::Fields fields(item, where, "added_tokens");
    AddedToken& token = tokens.emplace_back();
    token.content = fields.text("content");
    token.single_word = fields.flag("single_word", false);
    token.lstrip = fields.flag("lstrip", false);
    token.rstrip = fields.flag("rstrip", false);
    token.special = fields.flag("special", false);
    token.normalized = fields.flag("normalized", !token.special);
  }
  return tokens;
}

/// Whether a component of `type` is anywhere in `value`.
bool mentions(const json::Value& value, std::string_view type) {
  const json::Value* const own = value.find("type");
  if (own != nullptr && own->text == type) return true;
  return std::any_of(value.items.begin(), value.items.end(),
                     [&](const json::Value& item) { return mentions(item, type); });
}

Spelling find_spelling(const json::Value& root, const json::Value& null) {
  Spelling spelling;
  const json::Value& decoder = member(root, "decoder", null);
  const json::Value& pre_tokenizer = member(root, "pre_tokenizer", null);
  const json::Value& normalizer = member(root, "normalizer", null);
  spelling.byte_level = mentions(decoder, "ByteLevel") || mentions(pre_tokenizer, "ByteLevel") ||
                        mentions(normalizer, "ByteLevel");
  spelling.metaspace = !spelling.byte_level;
  const json::Value& model = member(root, "model", null);
  const auto text = [&](const json::Value& object, std::string_view name) {
    const json::Value* const found = object.find(name);
    return found == nullptr ? std::string() : std::string(found->text);
  };
  spelling.continuing_prefix = text(model, "continuing_subword_prefix");
  spelling.end_suffix = text(model, "end_of_word_suffix");
  return spelling;
}

void set_flag(json::Value& object, std::string_view name, std::optional<bool> flag) {
  if (!flag) return;
  json::Value* member = object.find(name);
  if (member == nullptr) {
    member = &object.items.emplace_back(object.items.get_allocator().resource());
    member->key = name;
  }
  member->kind = json::Kind::kBool;
  member->boolean = *flag;
}

bool has_type(const json::Value* value, std::string_view type) {
  const json::Value* const own = value == nullptr ? nullptr : value->find("type");
  return own != nullptr && own->text == type;
}

/// What transformers changes in the stages of the file when it loads them with this configuration.
void apply_config(json::Value& root, const TokenizerConfig& config) {
  json::Value* const normalizer = root.find("normalizer");
  if (has_type(normalizer, "BertNormalizer")) {
    set_flag(*normalizer, "lowercase", config.lower_case);
    set_flag(*normalizer, "strip_accents", config.strip_accents);
    set_flag(*normalizer, "handle_chinese_chars", config.set_ideographs_apart);
  }
  json::Value* const pre_tokenizer = root.find("pre_tokenizer");
  if (has_type(pre_tokenizer, "ByteLevel"))
    set_flag(*pre_tokenizer, "add_prefix_space", config.add_prefix_space);
  json::Value* const post_processor = root.find("post_processor");
  if (has_type(post_processor, "RobertaProcessing")) {
    set_flag(*post_processor, "add_prefix_space", config.add_prefix_space);
  }
}

}  // namespace

Pipeline read_tokenizer_json(const CompanionFile& file, const TokenizerConfig& config) {
  json::Document document(file.bytes, file.where);
  apply_config(document.root(), config);
  const json::Value& root = document.root();
  const json::Fields fields(root, file.where, "tokenizer");
  const json::Value null(std::pmr::get_default_resource());
  Pipeline pipeline;
  pipeline.where = file.where;
  pipeline.model = make_model(fields.need("model", json::Kind::kObject), file.where);
  pipeline.normalizer = make_normalizer(member(root, "normalizer", null), file.where);
  pipeline.pre_tokenizer = make_pre_tokenizer(member(root, "pre_tokenizer", null), file.where);
  pipeline.post_processor = make_post_processor(member(root, "post_processor", null), file.where);
  pipeline.decoder = make_decoder(member(root, "decoder", null), file.where);
  pipeline.truncation = read_truncation(member(root, "truncation", null), file.where);
  std::vector<AddedToken> added = read_added_tokens(member(root, "added_tokens", null), file.where);
  added.insert(added.end(), config.added_tokens.begin(),
               config.added_tokens.end());  // Known ones are not added again.
  pipeline.added_tokens =
      AddedTokens(std::move(added), *pipeline.model, pipeline.normalizer.get(), file.where);
  pipeline.spelling = find_spelling(root, null);
  const bool adds = config.tokenizer_class == "LlamaTokenizer" ||
                    config.tokenizer_class == "CodeLlamaTokenizer" ||
                    config.tokenizer_class == "GemmaTokenizer" || config.tokenizer_class == "CohereTokenizer";
  if (adds && (config.add_bos || config.add_eos)) {
    std::vector<std::string> before;
    std::vector<std::string> behind;
    if (config.add_bos.value_or(true)) before.push_back(config.bos.value_or("<s>"));
    if (config.add_eos.value_or(false)) behind.push_back(config.eos.value_or("</s>"));
    set_template(pipeline, before, behind, true);
  }
  pipeline.description = file.name + " (" + std::string(pipeline.model->name()) + ")";
  return pipeline;
}

}  // namespace attnviz::tokenizer
