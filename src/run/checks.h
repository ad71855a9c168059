#pragma once

#include <string>
#include <vector>

#include "attnviz/run.h"

namespace attnviz::run {

/// Passes warnings on and keeps them for the manifest.
class WarningLog {
 public:
  /// What a warning is about. A batch tells one of the model once, and one of a record with its name.
  enum class Scope { kRecord, kModel };

  explicit WarningLog(Listener& listener) : listener_(listener) {}
  void add(std::string sentence, Scope scope = Scope::kRecord) {
    scope == Scope::kModel ? listener_.model_warning(sentence) : listener_.warning(sentence);
    sentences_.push_back(std::move(sentence));
  }
  std::vector<std::string> take() { return std::move(sentences_); }

 private:
  Listener& listener_;
  std::vector<std::string> sentences_;
};

/// That the model has the layers, heads and kinds of attention that are asked for.
void check_available(const ModelInfo& info, const ExportOptions& options);

/// What can be told before the run: that the model has what was selected, and takes what was given.
void check_selection(const ModelInfo& info, const InputRecord& record, const ExportOptions& options);

/// `what` ("the input", "the target") must fit into `positions`, as far as known. `generates`: with one token
/// more.
void check_length(const Sequence& sequence, const std::string& what, bool generates,
                  const std::optional<std::int64_t>& positions);

/// Warns of a tokenizer that knows more ids than the model: it may belong to another one.
void check_vocabulary(const Tokenizer* tokenizer, const std::optional<std::int64_t>& vocabulary,
                      WarningLog& warnings);

/// Warns of a text of which the tokenizer, `unknown` its id for that, knows no token.
void check_known(const Sequence& source, const std::optional<std::int64_t>& unknown, WarningLog& warnings);

/// Warns of a generation that no token can end.
void check_end(const Generation& generation, WarningLog& warnings);

/// Throws kInput for weights that are not finite; warns of rows that do not sum to 1.
void check_audit(const std::vector<LayerAudit>& audit, WarningLog& warnings);

/// Warns once of a causal rollout that has run into the first token.
void check_rollout(const AttentionMaps& maps, bool causal, WarningLog& warnings);

}  // namespace attnviz::run
