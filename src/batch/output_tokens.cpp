#include "batch/output_tokens.h"

#include <algorithm>

namespace attnviz {
namespace {

std::vector<OutputToken> all_outputs(const RunTexts& texts, const OutputRule& rule,
                                     const std::vector<double>& probabilities) {
  const Encoding& text = rule.of_target ? *texts.target : *texts.source;
  std::vector<OutputToken> outputs;
  const std::size_t first = rule.generated ? texts.prompt : rule.shifted ? 1 : 0;
  for (std::size_t i = first; i < text.tokens.size(); ++i) {
    OutputToken output;
    output.index = static_cast<std::int64_t>(i);
    output.id = text.tokens[i].id;
    output.text = text.tokens[i].text;
    output.query = rule.shifted ? output.index - 1 : output.index;
    output.generated = rule.generated;
    if (rule.generated) output.probability = probabilities[i - texts.prompt];
    outputs.push_back(std::move(output));
  }
  return outputs;
}

void check_asked(const std::vector<OutputToken>& outputs, const std::vector<std::int64_t>& asked) {
  for (const std::int64_t index : asked) {
    if (std::any_of(outputs.begin(), outputs.end(), [&](const auto& o) { return o.index == index; }))
      continue;
    const std::string range = outputs.empty() ? "there are none"
                                              : "there are " + std::to_string(outputs.front().index) +
                                                    " to " + std::to_string(outputs.back().index);
    throw Error(ErrorKind::kUsage, "output token " + std::to_string(index) + " was asked for, but " + range);
  }
}

}  // namespace

std::vector<OutputToken> output_tokens(const RunTexts& texts, const OutputRule& rule,
                                       const std::vector<double>& probabilities, const InputRecord& record,
                                       const ExportOptions& options) {
  std::vector<OutputToken> all = all_outputs(texts, rule, probabilities);
  check_asked(all, record.tokens);
  const Encoding& text = rule.of_target ? *texts.target : *texts.source;
  const auto left_out = [&](const OutputToken& output) {
    if (options.drop_special && is_control_token(text, text.tokens[static_cast<std::size_t>(output.index)]))
      return true;
    return !record.tokens.empty() &&
           !std::binary_search(record.tokens.begin(), record.tokens.end(), output.index);
  };
  std::vector<OutputToken> asked = all;
  std::erase_if(asked, left_out);
  if (!options.words) return asked;
  return merge_outputs(all, asked, rule.of_target ? *texts.shown.target : *texts.shown.source);
}

std::vector<OutputToken> merge_outputs(const std::vector<OutputToken>& all,
                                       const std::vector<OutputToken>& asked, const Encoding& text) {
  std::vector<OutputToken> words;
  for (std::size_t w = 0; w < text.merged.size(); ++w) {
    const Span tokens = text.merged[w];
    const auto within = [&](const OutputToken& o) { return o.index >= tokens.begin && o.index < tokens.end; };
    if (std::none_of(asked.begin(), asked.end(), within)) continue;
    const auto begin = std::find_if(all.begin(), all.end(), within);
    const auto end = std::find_if_not(begin, all.end(), within);
    OutputToken word = *begin;
    word.text = text.tokens[w].text;
    word.tokens = end - begin;
    for (auto token = begin + 1; token != end; ++token) {
      word.query = token->query;
      if (word.probability) *word.probability *= *token->probability;
    }
    words.push_back(std::move(word));
  }
  return words;
}

bool is_control_token(const Encoding& encoding, const Token& token) {
  if (!token.special || !token.span || token.span->begin == token.span->end) return token.special;
  const std::string text = token.sequence == 1 ? encoding.pair : encoding.text + encoding.generated;
  const auto begin = static_cast<std::size_t>(token.span->begin);
  return text.compare(begin, static_cast<std::size_t>(token.span->end) - begin, token.piece) == 0;
}

std::vector<std::int64_t> queries_of(const std::vector<OutputToken>& outputs, const OutputRule& rule) {
  std::vector<std::int64_t> queries;
  for (const OutputToken& output : outputs) {
    for (std::int64_t token = 0; token < output.tokens; ++token)
      queries.push_back(output.index + token - (rule.shifted ? 1 : 0));
  }
  return queries;
}

}  // namespace attnviz
