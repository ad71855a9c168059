/// The border between torch's exceptions and ours.
#pragma once

#include <string>
#include <type_traits>

#include "attnviz/core.h"

namespace attnviz::model {

/// What torch says without backtraces: the message of the innermost failure, one line.
std::string summary_of(const std::string& message);

/// While it lives, torch's warnings in this thread are dropped: the library prints nothing.
class QuietTorch {
 public:
  QuietTorch();
  ~QuietTorch();
  QuietTorch(const QuietTorch&) = delete;
  QuietTorch& operator=(const QuietTorch&) = delete;

 private:
  void* previous_;
};

/// Runs `work()`. Our own Error passes; every other exception becomes Error(kInput, sentence(said), said),
/// where `said` is all that torch said.
template <class Work, class Sentence>
auto at_border(Work&& work, Sentence&& sentence) -> std::invoke_result_t<Work> {
  try {
    return work();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    const std::string said = error.what();
    throw Error(ErrorKind::kInput, sentence(said), said);
  }
}

}  // namespace attnviz::model
