#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "attnviz/run.h"

namespace attnviz::run {

/// A side of the model's input.
struct EncodedSide {
  Sequence sequence;
  std::vector<std::int64_t> type_ids;  ///< One for each unit.
  std::int64_t truncated = 0;          ///< Tokens that the tokenizer cut off.
};

/// What a record gives to the model.
struct EncodedRecord {
  EncodedSide source;
  std::optional<Sequence> target;  ///< Nothing for models with one stack.
};

/// Encodes the input of `record` and ties its units to its segments. `tokenizer` may be null for ids; with
/// one, ids get their labels. Throws kUsage for a segment name that is taken or there twice and for a pair of
/// what is no plain text, kInput for text without a tokenizer and for invalid UTF-8.
EncodedSide encode_source(const InputRecord& record, const Tokenizer* tokenizer);

/// The decoder's side of `record`: the start token that `config` names (`decoder_start`, else bos) unless the
/// target begins with it, then the target; alone the start token where there is none. Template tokens are
/// left out where the target is only a beginning, with `generate`. Throws like encode_source, and kInput when
/// there is neither a target nor a start token.
Sequence encode_target(const InputRecord& record, const Tokenizer* tokenizer, const ModelConfig& config);

/// Appends generated tokens to `sequence`, with their labels and their spans of Sequence::generated.
void append_generated(Sequence& sequence, const std::vector<std::int64_t>& ids, const Tokenizer* tokenizer);

/// The ids of all units.
std::vector<std::int64_t> ids_of(const Sequence& sequence);

}  // namespace attnviz::run
