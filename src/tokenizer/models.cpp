/// Reads the model of a tokenizer.json.
#include <algorithm>

#include "attnviz/core.h"
#include "tokenizer/bpe.h"
#include "tokenizer/components.h"
#include "tokenizer/json.h"
#include "tokenizer/unigram.h"
#include "tokenizer/wordlevel.h"
#include "tokenizer/wordpiece.h"

namespace attnviz::tokenizer {
namespace {

Vocabulary read_vocabulary(const json::Fields& fields) {
  const json::Value& entries = fields.need("vocab", json::Kind::kObject);
  Vocabulary vocabulary;
  std::size_t bytes = 0;
  for (const json::Value& entry : entries.items) bytes += entry.key.size();
  vocabulary.reserve(entries.items.size(), bytes);
  for (const json::Value& entry : entries.items) {
    if (!entry.is(json::Kind::kInteger) || entry.integer < 0 || entry.integer > Vocabulary::kLargestId) {
      fields.fail("the id of piece \"" + std::string(entry.key.substr(0, 80)) +
                  "\" should be an integer from 0 to " + std::to_string(Vocabulary::kLargestId));
    }
    vocabulary.add(entry.key, static_cast<std::uint32_t>(entry.integer));
  }
  return vocabulary;
}

std::vector<MergePair> read_merges(const json::Fields& fields) {
  const auto& items = fields.need("merges", json::Kind::kArray).items;
  std::vector<MergePair> merges;
  merges.reserve(items.size());
  for (const json::Value& item : items) {
    if (item.is(json::Kind::kString)) {
      if (item.text.starts_with("#version")) continue;
      const std::size_t space = item.text.find(' ');
      if (space != std::string_view::npos && item.text.find(' ', space + 1) == std::string_view::npos) {
        merges.emplace_back(item.text.substr(0, space), item.text.substr(space + 1));
        continue;
      }
    } else if (item.is(json::Kind::kArray) && item.items.size() == 2 &&
               item.items[0].is(json::Kind::kString) && item.items[1].is(json::Kind::kString)) {
      merges.emplace_back(item.items[0].text, item.items[1].text);
      continue;
    }
    fields.fail("merge " + std::to_string(merges.size() + 1) +
                " should be \"left right\" or [\"left\", \"right\"]");
  }
  return merges;
}

std::unique_ptr<PieceModel> read_bpe(const json::Fields& fields) {
  BpeOptions options;
  options.unknown = fields.optional_text("unk_token");
  options.continuing_prefix = fields.optional_text("continuing_subword_prefix").value_or("");
  options.end_suffix = fields.optional_text("end_of_word_suffix").value_or("");
  options.fuse_unknown = fields.flag("fuse_unk", false);
  options.byte_fallback = fields.flag("byte_fallback", false);
  options.ignore_merges = fields.flag("ignore_merges", false);
  return make_bpe(read_vocabulary(fields), read_merges(fields), std::move(options), fields.place());
}

std::unique_ptr<PieceModel> read_wordpiece(const json::Fields& fields) {
  WordPieceOptions options;
  options.unknown = fields.optional_text("unk_token").value_or(options.unknown);
  options.continuing_prefix =
      fields.optional_text("continuing_subword_prefix").value_or(options.continuing_prefix);
  options.longest_word = fields.count("max_input_chars_per_word", options.longest_word);
  return make_wordpiece(read_vocabulary(fields), std::move(options));
}

std::unique_ptr<PieceModel> read_unigram(const json::Fields& fields) {
  const auto& items = fields.need("vocab", json::Kind::kArray).items;
  std::vector<UnigramPiece> pieces;
  pieces.reserve(items.size());
  for (const json::Value& item : items) {
    const bool good = item.is(json::Kind::kArray) && item.items.size() == 2 &&
                      item.items[0].is(json::Kind::kString) &&
                      (item.items[1].is(json::Kind::kReal) || item.items[1].is(json::Kind::kInteger));
    if (!good) fields.fail("piece " + std::to_string(pieces.size()) + " should be [\"text\", score]");
    pieces.push_back({item.items[0].text, item.items[1].real});
  }
  if (pieces.empty()) fields.fail("the vocabulary is empty");
  std::optional<std::uint32_t> unknown;
  if (fields.find("unk_id") != nullptr) unknown = fields.count("unk_id");
  return make_unigram(pieces, unknown, fields.flag("byte_fallback", false), fields.where());
}

/// Old files do not say what they are.
std::string_view infer_type(const json::Fields& fields) {
  const json::Value* const vocabulary = fields.find("vocab");
  if (vocabulary != nullptr && vocabulary->is(json::Kind::kArray)) return "Unigram";
  if (fields.find("merges") != nullptr) return "BPE";
  if (fields.find("max_input_chars_per_word") != nullptr) return "WordPiece";
  return "WordLevel";
}

}  // namespace

std::unique_ptr<PieceModel> make_model(const json::Value& value, const std::string& where) {
  const json::Fields untyped(value, where, "model");
  const std::string type(untyped.optional_text("type").value_or(std::string(infer_type(untyped))));
  const json::Fields fields(value, where, "model " + type);
  if (type == "BPE") return read_bpe(fields);
  if (type == "WordPiece") return read_wordpiece(fields);
  if (type == "Unigram") return read_unigram(fields);
  if (type == "WordLevel") {
    return make_wordlevel(read_vocabulary(fields), fields.optional_text("unk_token").value_or("[UNK]"));
  }
  fields.fail("this model is not supported");
}

}  // namespace attnviz::tokenizer
