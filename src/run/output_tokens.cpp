#include "run/output_tokens.h"

#include <algorithm>
#include <set>

namespace attnviz::run {
namespace {

const Unit& unit_at(const Sequence& sequence, const OutputToken& output) {
  return sequence.units[static_cast<std::size_t>(output.index)];
}

bool is_named(const Sequence& sequence, const OutputToken& output, const std::string& name) {
  const Unit& unit = unit_at(sequence, output);
  return unit.special && (unit.label == name || unit.piece == name);
}

/// The position that `asked` means: from 0 on as it is, below it from the end on.
std::int64_t position_of(std::int64_t asked, const std::vector<OutputToken>& outputs) {
  const auto count = static_cast<std::int64_t>(outputs.size());
  if (asked >= 0) return asked;
  return asked < -count ? -1 : outputs[static_cast<std::size_t>(count + asked)].index;
}

bool is_there(std::int64_t position, const std::vector<OutputToken>& outputs) {
  return !outputs.empty() && position >= outputs.front().index && position <= outputs.back().index;
}

std::string range_of(const std::vector<OutputToken>& outputs) {
  if (outputs.empty()) return "there are none";
  return "there are " + std::to_string(outputs.front().index) + " to " + std::to_string(outputs.back().index);
}

}  // namespace

std::vector<OutputToken> all_outputs(const RunPlan& plan, const Sequence& sequence,
                                     const std::vector<double>& probabilities) {
  std::vector<OutputToken> outputs;
  for (auto i = static_cast<std::size_t>(plan.first_output); i < sequence.units.size(); ++i) {
    OutputToken output;
    output.index = static_cast<std::int64_t>(i);
    output.id = sequence.units[i].id;
    output.text = sequence.units[i].label;
    output.query = plan.shifted ? output.index - 1 : output.index;
    output.generated = plan.generate.has_value();
    if (plan.generate) output.probability = probabilities[i - static_cast<std::size_t>(plan.first_output)];
    outputs.push_back(std::move(output));
  }
  return outputs;
}

void check_asked(const TokenSelection& asked, const std::vector<OutputToken>& outputs,
                 const Sequence& sequence) {
  for (const std::int64_t position : asked.positions) {
    if (is_there(position_of(position, outputs), outputs)) continue;
    throw Error(ErrorKind::kUsage,
                "output token " + std::to_string(position) + " was asked for, but " + range_of(outputs));
  }
  for (const std::string& name : asked.names) {
    const auto has_name = [&](const OutputToken& output) { return is_named(sequence, output, name); };
    if (std::any_of(outputs.begin(), outputs.end(), has_name)) continue;
    std::set<std::string> special;
    for (const OutputToken& output : outputs) {
      if (unit_at(sequence, output).special) special.insert(unit_at(sequence, output).label);
    }
    std::string names;
    for (const std::string& one : special) names += (names.empty() ? "" : ", ") + one;
    throw Error(ErrorKind::kUsage,
                "output token '" + name + "' was asked for, but " +
                    (names.empty() ? "no output token is special" : "the special ones are " + names) +
                    "; other tokens are asked for by their position");
  }
}

std::vector<OutputToken> asked_outputs(const RunPlan& plan, const Sequence& sequence,
                                       const std::vector<OutputToken>& all) {
  check_asked(plan.tokens, all, sequence);
  std::set<std::int64_t> positions;
  for (const std::int64_t position : plan.tokens.positions) positions.insert(position_of(position, all));
  const auto wanted = [&](const OutputToken& output) {
    if (plan.tokens.empty()) return !plan.drop_special || !is_control(sequence, unit_at(sequence, output));
    return positions.contains(output.index) ||
           std::any_of(plan.tokens.names.begin(), plan.tokens.names.end(),
                       [&](const std::string& name) { return is_named(sequence, output, name); });
  };
  std::vector<OutputToken> asked;
  std::copy_if(all.begin(), all.end(), std::back_inserter(asked), wanted);
  return asked;
}

std::vector<OutputToken> merge_outputs(const std::vector<OutputToken>& all,
                                       const std::vector<OutputToken>& asked, const Sequence& words) {
  std::vector<OutputToken> merged;
  for (std::size_t w = 0; w < words.merged.size(); ++w) {
    const Span positions = words.merged[w];
    const auto within = [&](const OutputToken& o) {
      return o.index >= positions.begin && o.index < positions.end;
    };
    if (std::none_of(asked.begin(), asked.end(), within)) continue;
    const auto begin = std::find_if(all.begin(), all.end(), within);
    const auto end = std::find_if_not(begin, all.end(), within);
    OutputToken word = *begin;
    word.text = words.units[w].label;
    word.tokens = end - begin;
    for (auto token = begin + 1; token != end; ++token) {
      word.query = token->query;
      if (word.probability) *word.probability *= *token->probability;
    }
    merged.push_back(std::move(word));
  }
  return merged;
}

std::vector<std::int64_t> queries_of(const std::vector<OutputToken>& outputs, const RunPlan& plan) {
  std::vector<std::int64_t> queries;
  for (const OutputToken& output : outputs) {
    for (std::int64_t token = 0; token < output.tokens; ++token)
      queries.push_back(output.index + token - (plan.shifted ? 1 : 0));
  }
  return queries;
}

}  // namespace attnviz::run
