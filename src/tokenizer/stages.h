/// The stages that files other than tokenizer.json need, made from plain options. The factories of
/// components.h read the same options from JSON.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tokenizer/components.h"
#include "tokenizer/pattern.h"
#include "tokenizer/unicode_normalization.h"

namespace attnviz::tokenizer {

using Normalizers = std::vector<std::unique_ptr<Normalizer>>;
using PreTokenizers = std::vector<std::unique_ptr<PreTokenizer>>;

// --------------------------------------------------------------------------------------------- normalizers

/// What BERT does to a text.
struct BertCleaning {
  bool clean_text = true;            ///< Control characters go, white space becomes a space.
  bool set_ideographs_apart = true;  ///< A space on both sides of every CJK ideograph.
  bool strip_accents = true;
  bool lowercase = true;
};

std::unique_ptr<Normalizer> make_bert_normalizer(const BertCleaning& cleaning);
std::unique_ptr<Normalizer> make_form_normalizer(NormalForm form);
std::unique_ptr<Normalizer> make_lowercase_normalizer();
std::unique_ptr<Normalizer> make_replace_normalizer(Pattern pattern, std::string content);
std::unique_ptr<Normalizer> make_normalizer_sequence(Normalizers steps);

// ------------------------------------------------------------------------------------------ pre-tokenizers

/// `split`: at GPT-2's pattern.
std::unique_ptr<PreTokenizer> make_byte_level_pre_tokenizer(bool add_prefix_space, bool split);
/// Cuts at the matches of `pattern`, or `inverted` at what lies between them.
std::unique_ptr<PreTokenizer> make_split_pre_tokenizer(Pattern pattern, SplitBehavior behavior,
                                                       bool inverted);
std::unique_ptr<PreTokenizer> make_bert_pre_tokenizer();
std::unique_ptr<PreTokenizer> make_pre_tokenizer_sequence(PreTokenizers steps);

// ----------------------------------------------------------------------------------------- post-processors

/// A token of a template.
struct TemplateToken {
  std::uint32_t id = 0;
  std::string piece;
};

/// A sequence, or tokens beside it.
struct TemplateItem {
  int sequence = -1;  ///< 0 or 1; -1 for tokens.
  int type_id = 0;
  std::vector<TemplateToken> tokens;
};
using Template = std::vector<TemplateItem>;

/// [CLS] A [SEP], and [CLS] A [SEP] B [SEP].
std::unique_ptr<PostProcessor> make_bert_post_processor(TemplateToken first, TemplateToken separator);
/// <s> A </s>, and <s> A </s> </s> B </s>. `trim_offsets`: spaces belong to no token; `add_prefix_space` says
/// that one in front of the text was put there.
std::unique_ptr<PostProcessor> make_roberta_post_processor(TemplateToken first, TemplateToken separator,
                                                           bool trim_offsets, bool add_prefix_space);
/// `place` is the component for messages.
std::unique_ptr<PostProcessor> make_template_post_processor(Template single, Template pair,
                                                            std::string place);

// ------------------------------------------------------------------------------------------------ decoders

/// What stands in for a decoder where there is none: the pieces with spaces between.
std::unique_ptr<Decoder> make_spacing_decoder();
std::unique_ptr<Decoder> make_byte_level_decoder();
/// `prefix` of pieces that continue a word; `clean_up` undoes the spaces of English tokenization.
std::unique_ptr<Decoder> make_wordpiece_decoder(std::string prefix, bool clean_up);

}  // namespace attnviz::tokenizer
