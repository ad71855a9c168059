/// What a model's folder or file holds: the module itself, what it says of itself, its companions, its
/// fingerprint.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "attnviz/core.h"
#include "attnviz/export.h"

namespace c10 {
struct Device;
}
namespace torch::jit {
struct Module;
}

namespace attnviz::source {

enum class Task { kEncoder, kCausalLm, kSeq2Seq };
ATTNVIZ_EXPORT std::string_view to_string(Task task) noexcept;  ///< "encoder", "causal-lm", "seq2seq".

/// Nested lists of numbers, for a tensor.
struct NumberList {
  std::vector<std::int64_t> shape;  ///< Lengths of the lists, from the outermost on.
  std::vector<double> values;       ///< In row-major order; true is 1, false 0.
  bool whole = true;                ///< None is written with a fraction.
  friend bool operator==(const NumberList&, const NumberList&) = default;
};

/// What is passed for an argument as it is: None, a truth value, a number, a tensor.
using Literal = std::variant<std::monostate, bool, std::int64_t, double, NumberList>;

/// What an argument of a model's method is for.
struct Role {
  enum class Kind {
    kNone,        ///< Left out: its default, or None.
    kIds,         ///< The tokens of the text.
    kMask,        ///< Which of them take part: all.
    kTypes,       ///< Their token types.
    kPositions,   ///< 0, 1, 2 …
    kTargetIds,   ///< The tokens of the decoder's side.
    kTargetMask,  ///< Which of them take part.
    kMemory,      ///< Of decode: what encode returned.
    kLiteral,     ///< Always the same.
  };
  Kind kind = Kind::kNone;
  std::string written = {};  ///< As attnviz.json has it; of kLiteral alone, as the next one.
  Literal literal = {};
  friend bool operator==(const Role&, const Role&) = default;
};
/// "none", "ids", "mask", "types", "positions", "target_ids", "target_mask", "memory"; a literal as it is.
ATTNVIZ_EXPORT std::string to_string(const Role& role);

/// Special ids and limits, from attnviz.json, then config.json and tokenizer_config.json.
struct ModelConfig {
  std::optional<Task> task;       ///< Of attnviz.json alone.
  std::vector<std::int64_t> eos;  ///< Ids that end a generation; empty: none is known.
  std::optional<std::int64_t> bos;
  std::optional<std::int64_t> pad;
  std::optional<std::int64_t> decoder_start;
  std::optional<std::int64_t> max_length;       ///< Positions that the model takes.
  std::optional<std::string> tokenizer;         ///< File name, relative to the model's folder.
  std::optional<std::string> target_tokenizer;  ///< Likewise, for the decoder's side.
};

/// Everything that the companions say about a model.
struct ModelDescription {
  ModelConfig config;
  std::map<std::string, Role> roles;  ///< What attnviz.json gives to arguments, by their names.
  std::optional<std::string> logits;  ///< Index or key in the output; several are joined by dots.
};

/// A model as it lies on the disk, in one of the formats that attnviz knows. Immutable.
class ATTNVIZ_EXPORT ModelSource {
 public:
  /// The model at `path`, a file or a folder. Throws kInput when there is none, when it is of no known
  /// format, damaged, or made to do harm: nothing of it is run, and what is unpacked stays within what its
  /// size allows.
  static std::unique_ptr<ModelSource> open(const std::string& path);
  virtual ~ModelSource() = default;

  virtual const std::string& path() const = 0;  ///< Of the file that holds the module.
  virtual const std::string& name() const = 0;  ///< Its last part, for messages.

  /// SHA-256 of the file, 64 hexadecimal digits. Throws kInput when it cannot be read to its end.
  virtual std::string sha256() const = 0;

  /// The companions `names`: first those that are packed with the model, then the files of its folder. Those
  /// that are in neither are left out. Throws kInput for one that cannot be read.
  virtual std::vector<CompanionFile> companions(std::span<const std::string_view> names) const = 0;

  /// The module in eval mode, its tensors on `device`; none of its methods reads or writes files. Operators
  /// that torch lacks must be registered before. Throws kInput, and whatever torch throws.
  virtual torch::jit::Module load(const c10::Device& device) const = 0;

  /// A sentence for what torch threw from load(), or from compiling what load() gave; empty when it is of no
  /// known kind.
  virtual std::string explain(const std::string& said) const = 0;

  /// What the companions say, with the file `config` in place of the model's own attnviz.json where it is
  /// given. Throws kInput, naming file and key, for malformed JSON and for a wrong key or type in
  /// attnviz.json.
  ModelDescription describe(const std::optional<std::string>& config = std::nullopt) const;
};

/// The bytes of a file, or nothing when there is none. Throws kInput when it is no file, cannot be read, or
/// has more than a gigabyte.
ATTNVIZ_EXPORT std::optional<std::string> read_file(const std::string& path);

}  // namespace attnviz::source

namespace attnviz {
using source::Literal;
using source::ModelConfig;
using source::ModelDescription;
using source::ModelSource;
using source::NumberList;
using source::Role;
using source::Task;
using source::to_string;
}  // namespace attnviz
