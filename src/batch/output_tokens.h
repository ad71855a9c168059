#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "attnviz/aggregate.h"
#include "attnviz/batch.h"

namespace attnviz {

/// The texts of a run, token by token and as they are shown.
struct RunTexts {
  std::shared_ptr<const Encoding> source;
  std::shared_ptr<const Encoding> target;  ///< Null for models with one stack.
  AttendedTexts shown;                     ///< The same, or merged into words.
  std::size_t prompt = 0;                  ///< Tokens of the side that puts out, before generation.
};

/// Which tokens a run puts out, and which query produces each (contract, "Output tokens").
struct OutputRule {
  bool of_target = false;  ///< The decoder's tokens, not the source's.
  bool generated = false;  ///< Only those that the model wrote.
  bool shifted = false;    ///< Token i is produced by query i − 1, not i.
};

/// Output tokens, those that were asked for, as tokens. `probabilities` are those of generated tokens. Throws
/// kUsage for one that is not there.
std::vector<OutputToken> output_tokens(const RunTexts& texts, const OutputRule& rule,
                                       const std::vector<double>& probabilities, const InputRecord& record,
                                       const ExportOptions& options);

/// The same as words of `text`, whose `merged` is set: each with all its tokens among `all` when one of them
/// is in `asked`. The probability of a word is the product of its tokens'.
std::vector<OutputToken> merge_outputs(const std::vector<OutputToken>& all,
                                       const std::vector<OutputToken>& asked, const Encoding& text);

/// A control token that `--special drop` drops: put there by a template, generated, or written out in the
/// text. An unknown character, which vocabularies call special too, is text.
bool is_control_token(const Encoding& encoding, const Token& token);

/// Query positions of the output, ascending.
std::vector<std::int64_t> queries_of(const std::vector<OutputToken>& outputs, const OutputRule& rule);

}  // namespace attnviz
