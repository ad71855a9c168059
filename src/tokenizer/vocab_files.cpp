/// vocab.txt, vocab.json + merges.txt and SentencePiece models: files that say less than tokenizer.json, with
/// the stages that go with them.
#include <algorithm>
#include <array>

#include "attnviz/core.h"
#include "core/utf8.h"
#include "tokenizer/bpe.h"
#include "tokenizer/files.h"
#include "tokenizer/json.h"
#include "tokenizer/sentencepiece.h"
#include "tokenizer/stages.h"
#include "tokenizer/unicode.h"
#include "tokenizer/wordpiece.h"

namespace attnviz::tokenizer {
namespace {

AddedToken special(std::string content) {
  AddedToken token;
  token.content = std::move(content);
  token.normalized = false;
  token.special = true;
  return token;
}

/// The tokens of the configuration, its special ones and those of `usual` that the vocabulary has.
std::vector<AddedToken> collect_added_tokens(const TokenizerConfig& config, const PieceModel& model,
                                             const std::vector<std::string>& usual) {
  std::vector<AddedToken> tokens = config.added_tokens;
  const auto add = [&](const std::string& content) {
    const bool known =
        std::any_of(tokens.begin(), tokens.end(), [&](const auto& t) { return t.content == content; });
    if (!known) tokens.push_back(special(content));
  };
  for (const auto& named :
       {config.unknown, config.bos, config.eos, config.separator, config.padding, config.first}) {
    if (named) add(*named);
  }
  if (config.mask) add(*config.mask);
  for (const std::string& content : usual) {
    if (model.id_of(content)) add(content);
  }
  return tokens;
}

void set_added_tokens(Pipeline& pipeline, std::vector<AddedToken> tokens) {
  pipeline.added_tokens =
      AddedTokens(std::move(tokens), *pipeline.model, pipeline.normalizer.get(), pipeline.where);
}

std::uint32_t need_id(const Pipeline& pipeline, const std::string& content) {
  if (const auto id = pipeline.added_tokens.id_of(content)) return *id;
  if (const auto id = pipeline.model->id_of(content)) return *id;
  throw Error(ErrorKind::kInput,
              pipeline.where + ": the special token \"" + content + "\" is not in the vocabulary");
}

TemplateToken template_token(const Pipeline& pipeline, const std::string& content) {
  return {need_id(pipeline, content), content};
}

std::string_view trim_end(std::string_view line) {
  while (!line.empty()) {
    const std::size_t last = utf8::begin_of_character(line, line.size() - 1);
    std::size_t behind = last;
    if (!unicode::is_whitespace(utf8::next(line, behind))) break;
    line = line.substr(0, last);
  }
  return line;
}

/// Calls `on_line(line)` for what lies between line feeds; nothing behind the last one.
template <typename OnLine>
void for_each_line(const CompanionFile& file, OnLine on_line) {
  const std::string_view bytes = file.bytes;
  if (const auto bad = find_invalid_utf8(bytes)) {
    throw Error(ErrorKind::kInput,
                file.where + " is not UTF-8: byte " + std::to_string(*bad) + " begins no character");
  }
  for (std::size_t begin = 0; begin < bytes.size();) {
    const std::size_t end = std::min(bytes.find('\n', begin), bytes.size());
    on_line(bytes.substr(begin, end - begin));
    begin = end + 1;
  }
}

// ---------------------------------------------------------------------------------- vocab.json + merges.txt

Vocabulary read_vocab_json(const CompanionFile& file) {
  const json::Document document(file.bytes, file.where);
  if (!document.root().is(json::Kind::kObject)) {
    throw Error(ErrorKind::kInput, file.where + " should be an object of pieces and ids");
  }
  Vocabulary vocabulary;
  vocabulary.reserve(document.root().items.size(), file.bytes.size());
  for (const json::Value& entry : document.root().items) {
    if (!entry.is(json::Kind::kInteger) || entry.integer < 0 || entry.integer > Vocabulary::kLargestId) {
      throw Error(ErrorKind::kInput,
                  file.where + ": the id of piece \"" + std::string(entry.key.substr(0, 80)) +
                      "\" should be an integer from 0 to " + std::to_string(Vocabulary::kLargestId));
    }
    vocabulary.add(entry.key, static_cast<std::uint32_t>(entry.integer));
  }
  return vocabulary;
}

std::vector<MergePair> read_merges_txt(const CompanionFile& file) {
  std::vector<MergePair> merges;
  std::size_t number = 0;
  for_each_line(file, [&](std::string_view line) {
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with("#version")) return;
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos) {
      throw Error(ErrorKind::kInput, file.where + ", line " + std::to_string(number) +
                                         ": expected two pieces with a space between");
    }
    merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  });
  return merges;
}

constexpr std::string_view kClipWords = R"('s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)";
constexpr std::string_view kQwenWords =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+)"
    R"(|\s+(?!\S)|\s+)";

enum class BpeFamily { kGpt2, kRoberta, kClip, kQwen };

BpeFamily family_of(const TokenizerConfig& config, const Vocabulary& vocabulary, const std::string& where) {
  static constexpr std::pair<std::string_view, BpeFamily> kClasses[] = {
      {"GPT2", BpeFamily::kGpt2},    {"CodeGen", BpeFamily::kGpt2},       {"Whisper", BpeFamily::kGpt2},
      {"GPTNeoX", BpeFamily::kGpt2}, {"Blenderbot", BpeFamily::kRoberta}, {"Roberta", BpeFamily::kRoberta},
      {"Bart", BpeFamily::kRoberta}, {"Longformer", BpeFamily::kRoberta}, {"LED", BpeFamily::kRoberta},
      {"MVP", BpeFamily::kRoberta},  {"Mvp", BpeFamily::kRoberta},        {"CLIP", BpeFamily::kClip},
      {"Qwen2", BpeFamily::kQwen}};
  for (const auto& [name, family] : kClasses) {
    if (config.tokenizer_class == std::string(name) + "Tokenizer") return family;
  }
  if (!config.tokenizer_class.empty() && config.tokenizer_class != "PreTrainedTokenizer") {
    throw Error(ErrorKind::kInput,
                where + ": how " + config.tokenizer_class +
                    " splits text is not known; save its tokenizer.json with transformers");
  }
  if (vocabulary.id_of("<|startoftext|>") && vocabulary.id_of("a</w>")) return BpeFamily::kClip;
  if (vocabulary.id_of("<s>") && vocabulary.id_of("</s>") && vocabulary.id_of("<mask>"))
    return BpeFamily::kRoberta;
  if (vocabulary.id_of("Ġ")) return BpeFamily::kGpt2;
  throw Error(ErrorKind::kInput,
              where +
                  ": the pieces are not those of a byte-level vocabulary, and no tokenizer_config.json "
                  "says what they are; save a tokenizer.json with transformers");
}

std::unique_ptr<Normalizer> bpe_normalizer(BpeFamily family, const std::string& where) {
  if (family == BpeFamily::kQwen) return make_form_normalizer(NormalForm::kNfc);
  if (family != BpeFamily::kClip) return nullptr;
  Normalizers steps;
  steps.push_back(make_form_normalizer(NormalForm::kNfc));
  steps.push_back(make_replace_normalizer(Pattern::regex("\\s+", where), " "));
  steps.push_back(make_lowercase_normalizer());
  return make_normalizer_sequence(std::move(steps));
}

std::unique_ptr<PreTokenizer> bpe_pre_tokenizer(BpeFamily family, bool prefix, const std::string& where) {
  const bool clip = family == BpeFamily::kClip;
  if (!clip && family != BpeFamily::kQwen) return make_byte_level_pre_tokenizer(prefix, true);
  PreTokenizers steps;
  steps.push_back(
      clip ? make_split_pre_tokenizer(Pattern::regex(kClipWords, where), SplitBehavior::kRemoved, true)
           : make_split_pre_tokenizer(Pattern::regex(kQwenWords, where), SplitBehavior::kIsolated, false));
  steps.push_back(make_byte_level_pre_tokenizer(false, clip));
  return make_pre_tokenizer_sequence(std::move(steps));
}

BpeOptions bpe_options(BpeFamily family, const Vocabulary& vocabulary, const TokenizerConfig& config) {
  BpeOptions options;
  if (config.unknown && vocabulary.id_of(*config.unknown)) options.unknown = config.unknown;
  if (family == BpeFamily::kClip) {
    options.end_suffix = "</w>";
    if (!options.unknown) options.unknown = "<|endoftext|>";
  }
  return options;
}

std::vector<AddedToken> bpe_added_tokens(BpeFamily family, const PieceModel& model,
                                         const TokenizerConfig& config) {
  std::vector<AddedToken> added = collect_added_tokens(
      config, model, {"<|endoftext|>", "<|startoftext|>", "<s>", "<pad>", "</s>", "<unk>", "<mask>"});
  for (AddedToken& token : added) {
    if (family == BpeFamily::kRoberta && token.content == "<mask>") token.lstrip = true;
  }
  return added;
}

void set_bpe_post_processor(Pipeline& pipeline, BpeFamily family, bool prefix,
                            const TokenizerConfig& config) {
  if (family == BpeFamily::kClip) {
    const std::string first = config.bos.value_or("<|startoftext|>");
    const std::string last = config.eos.value_or("<|endoftext|>");
    pipeline.post_processor = make_roberta_post_processor(template_token(pipeline, first),
                                                          template_token(pipeline, last), false, prefix);
  } else if (family == BpeFamily::kRoberta) {
    const std::string first = config.first.value_or("<s>");
    const std::string last = config.separator.value_or("</s>");
    pipeline.post_processor = make_roberta_post_processor(template_token(pipeline, first),
                                                          template_token(pipeline, last), true, prefix);
  } else if (family == BpeFamily::kGpt2 && config.add_bos.value_or(false)) {
    set_template(pipeline, {config.bos.value_or("<|endoftext|>")}, {}, false);
  }
}

}  // namespace

void set_template(Pipeline& pipeline, const std::vector<std::string>& before,
                  const std::vector<std::string>& behind, bool around_pair) {
  Template single;
  Template pair;
  const auto put = [&](Template& items, const std::vector<std::string>& contents, int type_id) {
    for (const std::string& content : contents)
      items.push_back({-1, type_id, {template_token(pipeline, content)}});
  };
  put(single, before, 0);
  single.push_back({0, 0, {}});
  put(single, behind, 0);
  pair = single;
  if (around_pair) put(pair, before, 1);
  pair.push_back({1, 1, {}});
  if (around_pair) put(pair, behind, 1);
  pipeline.post_processor = make_template_post_processor(std::move(single), std::move(pair), pipeline.where);
}

Pipeline read_vocab_merges(const CompanionFile& vocab, const CompanionFile& merges,
                           const TokenizerConfig& config) {
  Vocabulary vocabulary = read_vocab_json(vocab);
  const BpeFamily family = family_of(config, vocabulary, vocab.where);
  BpeOptions options = bpe_options(family, vocabulary, config);
  Pipeline pipeline;
  pipeline.where = vocab.where;
  pipeline.spelling.byte_level = true;
  pipeline.spelling.end_suffix = options.end_suffix;
  pipeline.model = make_bpe(std::move(vocabulary), read_merges_txt(merges), std::move(options), merges.where);
  const bool prefix = config.add_prefix_space.value_or(false);
  pipeline.normalizer = bpe_normalizer(family, vocab.where);
  pipeline.pre_tokenizer = bpe_pre_tokenizer(family, prefix, vocab.where);
  pipeline.decoder = make_byte_level_decoder();
  set_added_tokens(pipeline, bpe_added_tokens(family, *pipeline.model, config));
  set_bpe_post_processor(pipeline, family, prefix, config);
  pipeline.description = vocab.name + " + " + merges.name + " (BPE)";
  return pipeline;
}

// ------------------------------------------------------------------------------------------------ vocab.txt

Pipeline read_vocab_txt(const CompanionFile& file, const TokenizerConfig& config) {
  Vocabulary vocabulary;
  vocabulary.reserve(file.bytes.size() / 8, file.bytes.size());
  std::int64_t id = 0;
  for_each_line(file, [&](std::string_view line) {
    if (id > Vocabulary::kLargestId) throw Error(ErrorKind::kInput, file.where + " has too many lines");
    vocabulary.add(trim_end(line), static_cast<std::uint32_t>(id++));
  });
  Pipeline pipeline;
  pipeline.where = file.where;
  WordPieceOptions options;
  options.unknown = config.unknown.value_or(options.unknown);
  if (!vocabulary.id_of(options.unknown)) {
    throw Error(ErrorKind::kInput, file.where + ": the unknown token \"" + options.unknown +
                                       "\" is not among the " + std::to_string(vocabulary.size()) +
                                       " pieces; is this a WordPiece vocabulary, one piece a line?");
  }
  pipeline.spelling.continuing_prefix = options.continuing_prefix;
  pipeline.model = make_wordpiece(std::move(vocabulary), std::move(options));
  const bool lower_case = config.lower_case.value_or(true);
  BertCleaning cleaning;
  cleaning.set_ideographs_apart = config.set_ideographs_apart.value_or(true);
  cleaning.lowercase = lower_case;
  cleaning.strip_accents = config.strip_accents.value_or(lower_case);
  pipeline.normalizer = make_bert_normalizer(cleaning);
  pipeline.pre_tokenizer = make_bert_pre_tokenizer();
  pipeline.decoder = make_wordpiece_decoder("##", true);
  set_added_tokens(pipeline, collect_added_tokens(config, *pipeline.model,
                                                  {"[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"}));
  const std::string first = config.first.value_or("[CLS]");
  const std::string separator = config.separator.value_or("[SEP]");
  if (pipeline.model->id_of(first) && pipeline.model->id_of(separator)) {
    pipeline.post_processor =
        make_bert_post_processor(template_token(pipeline, first), template_token(pipeline, separator));
  }
  pipeline.description = file.name + " (WordPiece)";
  return pipeline;
}

// ------------------------------------------------------------------------------------- SentencePiece models

Pipeline read_sentencepiece_model(const CompanionFile& file, const TokenizerConfig& config) {
  static constexpr std::array<std::string_view, 9> kRenumbering = {
      "XLMRobertaTokenizer", "CamembertTokenizer", "MBartTokenizer",   "MBart50Tokenizer", "NllbTokenizer",
      "XGLMTokenizer",       "BarthezTokenizer",   "PegasusTokenizer", "M2M100Tokenizer"};
  if (std::find(kRenumbering.begin(), kRenumbering.end(), config.tokenizer_class) != kRenumbering.end()) {
    throw Error(ErrorKind::kInput,
                file.where + ": " + config.tokenizer_class +
                    " gives the pieces other ids than this file; save its tokenizer.json with "
                    "transformers and use that");
  }
  const SentencePieceFile model = read_sentencepiece(file.bytes, file.where);
  Pipeline pipeline;
  pipeline.where = file.where;
  pipeline.model = make_sentencepiece_model(model, file.where);
  pipeline.normalizer = make_sentencepiece_normalizer(model, file.where);
  pipeline.decoder = make_sentencepiece_decoder(model);
  pipeline.spelling.metaspace = true;
  if (!config.added_tokens.empty()) set_added_tokens(pipeline, config.added_tokens);
  const bool llama = config.tokenizer_class == "LlamaTokenizer" || config.tokenizer_class == "GemmaTokenizer";
  const bool t5 = config.tokenizer_class == "T5Tokenizer";
  std::vector<std::string> before;
  std::vector<std::string> behind;
  if (config.add_bos.value_or(llama)) before.push_back(config.bos.value_or("<s>"));
  if (config.add_eos.value_or(t5)) behind.push_back(config.eos.value_or("</s>"));
  if (!before.empty() || !behind.empty()) set_template(pipeline, before, behind, true);
  pipeline.description = file.name + " (" + std::string(pipeline.model->name()) + ")";
  return pipeline;
}

}  // namespace attnviz::tokenizer
