/// tokenizer_config.json and special_tokens_map.json: what is said beside a tokenizer.
#include <algorithm>

#include "attnviz/core.h"
#include "tokenizer/files.h"
#include "tokenizer/json.h"

namespace attnviz::tokenizer {
namespace {

std::optional<bool> read_flag(const json::Fields& fields, std::string_view name) {
  const json::Value* const value = fields.maybe(name, json::Kind::kBool);
  if (value == nullptr) return std::nullopt;
  return value->boolean;
}

/// A special token: "<s>" or {"content": "<s>", …}.
std::optional<std::string> read_token(const json::Fields& fields, std::string_view name) {
  const json::Value* const value = fields.find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is(json::Kind::kString)) return std::string(value->text);
  return std::string(fields.inside(*value, fields.component() + " " + std::string(name)).text("content"));
}

void read_special_tokens(const json::Fields& fields, TokenizerConfig& config) {
  const auto set = [&](std::optional<std::string>& target, std::string_view name) {
    if (auto token = read_token(fields, name)) target = std::move(token);
  };
  set(config.bos, "bos_token");
  set(config.eos, "eos_token");
  set(config.unknown, "unk_token");
  set(config.separator, "sep_token");
  set(config.padding, "pad_token");
  set(config.first, "cls_token");
  set(config.mask, "mask_token");
}

void read_added_tokens(const json::Fields& fields, TokenizerConfig& config) {
  const json::Value* const decoder = fields.maybe("added_tokens_decoder", json::Kind::kObject);
  if (decoder == nullptr) return;
  std::vector<std::pair<std::int64_t, AddedToken>> tokens;
  for (const json::Value& entry : decoder->items) {
    const json::Fields token_fields = fields.inside(entry, "added_tokens_decoder " + std::string(entry.key));
    const bool is_id =
        !entry.key.empty() && entry.key.size() < 10 &&
        std::all_of(entry.key.begin(), entry.key.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!is_id) token_fields.fail("the key should be an id");
    AddedToken token;
    token.content = token_fields.text("content");
    token.single_word = token_fields.flag("single_word", false);
    token.lstrip = token_fields.flag("lstrip", false);
    token.rstrip = token_fields.flag("rstrip", false);
    token.special = token_fields.flag("special", false);
    token.normalized = token_fields.flag("normalized", !token.special);
    tokens.emplace_back(std::stoll(std::string(entry.key)), std::move(token));
  }
  std::stable_sort(tokens.begin(), tokens.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [id, token] : tokens) config.added_tokens.push_back(std::move(token));
}

}  // namespace

TokenizerConfig read_tokenizer_config(const CompanionFile* config_file,
                                      const CompanionFile* special_tokens_map) {
  TokenizerConfig config;
  if (special_tokens_map != nullptr) {
    const json::Document document(special_tokens_map->bytes, special_tokens_map->where);
    read_special_tokens(json::Fields(document.root(), document.where(), "special tokens"), config);
  }
  if (config_file == nullptr) return config;
  const json::Document document(config_file->bytes, config_file->where);
  const json::Fields fields(document.root(), document.where(), "tokenizer configuration");
  config.tokenizer_class = fields.optional_text("tokenizer_class").value_or("");
  if (config.tokenizer_class.ends_with("Fast"))
    config.tokenizer_class.resize(config.tokenizer_class.size() - 4);
  config.lower_case = read_flag(fields, "do_lower_case");
  config.strip_accents = read_flag(fields, "strip_accents");
  config.set_ideographs_apart = read_flag(fields, "tokenize_chinese_chars");
  config.add_prefix_space = read_flag(fields, "add_prefix_space");
  config.add_bos = read_flag(fields, "add_bos_token");
  config.add_eos = read_flag(fields, "add_eos_token");
  read_special_tokens(fields, config);
  read_added_tokens(fields, config);
  return config;
}

}  // namespace attnviz::tokenizer
