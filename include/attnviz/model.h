/// Transformers: loading, looking inside, running with their attention streaming out, generating.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attnviz/core.h"
#include "attnviz/export.h"
#include "attnviz/source.h"

namespace attnviz::model {

/// What to load, and where to run it.
struct LoadOptions {
  std::string model;                  ///< A TorchScript file, or a folder that holds `model.pt`.
  std::optional<std::string> config;  ///< Path of an `attnviz.json` to use in place of the model's own.
  std::string device = "cpu";         ///< "cpu", "cuda" or "cuda:N".
  std::optional<std::string> dtype;  ///< "float32", "float16" or "bfloat16"; nothing: as the model was saved.
  int threads = 0;  ///< Of torch and of every library it computes with, process-wide; 0: their own choice.
};

/// An argument of the model's forward, and what attnviz passes for it. Where an encoder–decoder is run by its
/// methods encode and decode: of these.
struct ModelInput {
  std::string name;
  std::string type;  ///< As TorchScript writes it: "Tensor", "Optional[Tensor]", "bool".
  Role role;
};

/// A place in the model where attention was captured.
struct AttentionSite {
  int layer = 0;  ///< Counted for each kind, by order of execution.
  AttentionKind kind = AttentionKind::kSelf;
  std::string capture;  ///< "returned", "softmax", "sdpa" or "fused".
  std::string scope;    ///< Module path, "layers.0.attn"; empty where the graph does not say.
  int heads = 0;
  bool causal = false;  ///< No weight above the diagonal, told by the weights.
};

/// What a model is. What only a run can tell comes from a short dry run and is absent when that failed.
struct ModelInfo {
  std::string file;    ///< Name without folder.
  std::string sha256;  ///< Of the file, 64 hexadecimal digits.
  std::vector<ModelInput> inputs;
  std::string outputs;               ///< For people: "Tensor [1, 8, 1000]", "tuple(Tensor [1, 8, 64], …)".
  std::vector<AttentionSite> sites;  ///< In order of execution.
  std::optional<Task> task;          ///< kSeq2Seq where there is a target, without a dry run too.
  std::optional<bool> causal;        ///< Self (or decoder) attention never looks ahead.
  std::optional<std::int64_t> vocabulary;  ///< Ids are 0 … this − 1: rows of the embedding, if known.
  std::optional<std::int64_t> target_vocabulary;  ///< Likewise of the decoder's ids.
  /// Positions that the model takes: the smaller of what its graph and its configuration say, if any does.
  std::optional<std::int64_t> max_positions;
  std::string dry_run_failure;  ///< One sentence; empty when the dry run worked.
};

/// One input of batch size 1.
struct ModelInputs {
  std::vector<std::int64_t> ids;
  std::vector<std::int64_t> type_ids;    ///< As long as `ids`, or empty: all 0.
  std::vector<std::int64_t> target_ids;  ///< Decoder side; empty for models with one stack.
};

/// What a greedy generation wrote.
struct Generation {
  std::vector<std::int64_t> ids;      ///< The new tokens, the end-of-sequence token not included.
  std::vector<double> probabilities;  ///< The model's own, of each.
  bool positions_used_up = false;     ///< It ended at the last position that the model takes.
  bool ended = false;                 ///< It ended by itself before the limit.
  bool no_end_known = false;          ///< `ModelConfig::eos` is empty: it could not end by itself.
};

/// A loaded model in eval mode. Not for use from several threads at once.
class ATTNVIZ_EXPORT Model {
 public:
  /// Throws kInput: no such file, not a TorchScript archive, unknown operator, bad attnviz.json, no such
  /// device.
  static std::unique_ptr<Model> load(const LoadOptions& options, Listener& listener);
  virtual ~Model() = default;

  virtual const ModelConfig& config() const = 0;

  /// The companions `names` of the model: first the extra files inside the archive, then the files of its
  /// folder. Those that are in neither are left out.
  virtual std::vector<CompanionFile> companions(std::span<const std::string_view> names) const = 0;

  /// What the model is; the first call makes the dry run. Throws kInput when no attention is found in the
  /// graph.
  virtual const ModelInfo& info() = 0;

  /// Runs forward once, hands the attention that `consumer` needs to it layer by layer, and returns the sites
  /// that fired; does no more work than that takes. `heads`: the rows of `AttentionBlock::weights`, in this
  /// order; empty: all. Throws kInput: an id or a length that the model does not take, attention that no
  /// block was captured of; kUsage: a head that is not there.
  virtual std::vector<AttentionSite> run(const ModelInputs& inputs, const std::vector<int>& heads,
                                         AttentionConsumer& consumer) = 0;

  /// Greedy decoding of at most `limit` tokens after `inputs` (after `target_ids`, for an encoder–decoder),
  /// without capture. Throws kInput when the output is not [1, positions, vocabulary] or the model is an
  /// encoder.
  virtual Generation generate(const ModelInputs& inputs, std::int64_t limit, Listener& listener) = 0;
};

/// What models are computed with.
struct ComputeLibraries {
  std::string torch;  ///< Version of libtorch, "1.13.1".
  std::string mkl;    ///< What its MKL calls itself; empty where it has none.
};
ATTNVIZ_EXPORT ComputeLibraries compute_libraries();

}  // namespace attnviz::model

namespace attnviz {
using model::AttentionSite;
using model::compute_libraries;
using model::ComputeLibraries;
using model::Generation;
using model::LoadOptions;
using model::Model;
using model::ModelInfo;
using model::ModelInput;
using model::ModelInputs;
}  // namespace attnviz
