/// Readers of the files that a tokenizer may come in. Each gives a pipeline or throws Error(kInput) naming
/// the file.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attnviz/tokenizer.h"
#include "tokenizer/pipeline.h"

namespace attnviz::tokenizer {

/// What tokenizer_config.json and special_tokens_map.json say beside a tokenizer. Members that are not there
/// are not set.
struct TokenizerConfig {
  std::string tokenizer_class;  ///< "BertTokenizer", without "Fast". Empty when unknown.
  std::optional<bool> lower_case;
  std::optional<bool> strip_accents;
  std::optional<bool> set_ideographs_apart;
  std::optional<bool> add_prefix_space;
  std::optional<bool> add_bos;
  std::optional<bool> add_eos;
  std::optional<std::string> bos, eos, unknown, separator, padding, first, mask;
  std::vector<AddedToken> added_tokens;  ///< Of added_tokens_decoder, in the order of their ids.
};

TokenizerConfig read_tokenizer_config(const CompanionFile* config, const CompanionFile* special_tokens_map);

Pipeline read_tokenizer_json(const CompanionFile& file, const TokenizerConfig& config);
Pipeline read_vocab_txt(const CompanionFile& file, const TokenizerConfig& config);
Pipeline read_vocab_merges(const CompanionFile& vocab, const CompanionFile& merges,
                           const TokenizerConfig& config);
Pipeline read_sentencepiece_model(const CompanionFile& file, const TokenizerConfig& config);

/// Gives `pipeline` a template with these special tokens around the text, and around the second one of a pair
/// where `around_pair`. Throws Error(kInput) when one is not in the vocabulary.
void set_template(Pipeline& pipeline, const std::vector<std::string>& before,
                  const std::vector<std::string>& behind, bool around_pair);

}  // namespace attnviz::tokenizer
