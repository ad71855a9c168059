/// The model behind attnviz/model.h: a TorchScript module, its graphs and what a dry run told about it.
#pragma once

#include <torch/script.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "attnviz/model.h"
#include "model/methods.h"
#include "model/outputs.h"

namespace attnviz::model {

class TorchModel final : public Model {
 public:
  TorchModel(std::shared_ptr<const ModelSource> source, torch::jit::Module module,
             ModelDescription description, const c10::Device& device, const std::optional<DtypeCast>& cast);

  const ModelConfig& config() const override { return description_.config; }
  std::vector<CompanionFile> companions(std::span<const std::string_view> names) const override {
    return source_->companions(names);
  }
  const ModelInfo& info() override;
  std::vector<AttentionSite> run(const ModelInputs& inputs, const std::vector<int>& heads,
                                 AttentionConsumer& consumer) override;
  Generation generate(const ModelInputs& inputs, std::int64_t limit, Listener& listener) override;

  /// What forward returns for `inputs`: bare, or with attention captured on the way. For tests of equality.
  c10::IValue forward(const ModelInputs& inputs);
  c10::IValue forward_captured(const ModelInputs& inputs, const std::vector<int>& heads,
                               AttentionConsumer& consumer);

 private:
  c10::intrusive_ptr<CaptureSession> new_session(const ModelInputs& inputs, const std::vector<int>& heads,
                                                 AttentionConsumer& consumer) const;

  // The dry run.
  void try_dry_run(const ModelInputs& inputs);
  bool learn_from(const CaptureSession& session);
  bool halves_agree(const ModelInputs& inputs, const c10::IValue& output) const;
  void dry_run();
  ModelInputs probe(std::int64_t length) const;

  Task infer_task(const c10::IValue& output) const;

  // What a model does not take, and sentences about it.
  void check(const ModelInputs& inputs) const;
  /// Positions that the model takes, as far as its graph or its config says.
  std::optional<std::int64_t> positions() const;
  std::string explain(const ModelInputs& inputs, const std::string& said) const;

  /// The id that a decoder begins with. Throws kInput where none is known.
  std::int64_t first_target() const;
  /// `memory`: what encode returned, where decode goes on from there; nothing: all of the model runs.
  std::int64_t next_id(const ModelInputs& inputs, const std::optional<c10::IValue>& memory,
                       double& probability) const;

  std::shared_ptr<const ModelSource> source_;
  torch::jit::Module module_;
  ModelDescription description_;
  c10::Device device_;
  Methods methods_;
  std::optional<ModelInfo> info_;

  // Told by the dry run.
  MaskType mask_ = MaskType::kInt64;
  std::optional<std::int64_t> fixed_length_;  // The only length that a traced model takes.
  std::set<std::size_t> ignored_;             // Sites that pool.
  std::vector<ReturnedAttention> returned_;   // Paths of attention in the output, when no site fires.
  bool encodes_once_ = false;                 // Generation runs the methods encode and decode.
};

}  // namespace attnviz::model
