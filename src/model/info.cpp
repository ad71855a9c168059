// What a model is, told by a short run with a few ids.
#include <algorithm>
#include <map>
#include <regex>

#include "model/border.h"
#include "model/torch_model.h"

namespace attnviz::model {

namespace {

constexpr std::int64_t kProbeLength = 6;
constexpr std::size_t kLengthsTried = 12;
constexpr std::int64_t kLongestProbe = 2048;
constexpr double kSameLogits = 1e-2;  // Of the largest: bfloat16, computed in another order.

// Tells which layers look ahead, by their weights.
class AheadFinder final : public AttentionConsumer {
 public:
  void on_block(const AttentionBlock& block) override {
    double& above = above_[{block.kind, block.layer}];
    const std::int64_t keys = block.weights.size(2) + block.hidden_keys;
    if (keys != block.queries || keys == 1) {
      above = 1;
    } else {
      above = std::max(above, block.weights.triu(block.first_query + 1).max().item<double>());
    }
  }
  bool causal(AttentionKind kind, int layer) const {
    const auto found = above_.find({kind, layer});
    return found != above_.end() && found->second <= kLooksAhead;
  }

 private:
  std::map<std::pair<AttentionKind, int>, double> above_;
};

std::vector<std::int64_t> integers_in(const std::string& text) {
  std::vector<std::int64_t> integers;
  static const std::regex number(R"(\b\d{1,4}\b)");
  for (auto it = std::sregex_iterator(text.begin(), text.end(), number); it != std::sregex_iterator(); ++it) {
    integers.push_back(std::stoll(it->str()));
  }
  return integers;
}

bool has_kind(const std::vector<AttentionSite>& sites, AttentionKind kind) {
  return std::any_of(sites.begin(), sites.end(),
                     [&](const AttentionSite& site) { return site.kind == kind; });
}

std::optional<bool> causal_of(const std::vector<AttentionSite>& sites) {
  const AttentionKind kind =
      has_kind(sites, AttentionKind::kDecoder) ? AttentionKind::kDecoder : AttentionKind::kSelf;
  if (!has_kind(sites, kind)) return std::nullopt;
  return std::all_of(sites.begin(), sites.end(),
                     [&](const AttentionSite& site) { return site.kind != kind || site.causal; });
}

}  // namespace

ModelInputs TorchModel::probe(std::int64_t length) const {
  const auto fill = [&](std::int64_t count, const std::optional<std::int64_t>& rows) {
    std::vector<std::int64_t> ids;
    for (std::int64_t next = 1; static_cast<std::int64_t>(ids.size()) < count; ++next) {
      const std::int64_t id = rows && *rows > 0 ? next % *rows : next % 16;
      if (description_.config.pad != id || (rows && *rows < 3)) ids.push_back(id);
    }
    return ids;
  };
  ModelInputs inputs;
  inputs.ids = fill(length, methods_.limits().vocabulary);
  if (methods_.has_target())
    inputs.target_ids = fill(std::max<std::int64_t>(length - 2, 1), methods_.limits().target_vocabulary);
  return inputs;
}

// Attention can be told from pooling, and crossing from looking at oneself where the flow of data does not
// say it, by the shapes of a run; layers are counted anew then.
bool TorchModel::learn_from(const CaptureSession& session) {
  bool news = false;
  for (const std::size_t site : session.pooled()) news = ignored_.insert(site).second || news;
  for (const auto& [site, kind] : session.kinds_by_length()) {
    news = news || methods_.sites()[site].kind != kind;
    methods_.set_kind(site, kind);
  }
  return news;
}

// The methods encode and decode are trusted with generation when they give the logits that forward gives.
bool TorchModel::halves_agree(const ModelInputs& inputs, const c10::IValue& output) const {
  if (!methods_.has_halves() || !methods_.has_forward()) return methods_.has_halves();
  try {
    const auto length = static_cast<std::int64_t>(inputs.target_ids.size());
    const c10::IValue decoded = methods_.decode(methods_.encode(inputs, mask_), inputs, mask_);
    const at::Tensor expected = find_logits(output, description_.logits, length).to(torch::kFloat32);
    const at::Tensor found = find_logits(decoded, description_.logits, length).to(torch::kFloat32);
    return found.sizes() == expected.sizes() &&
           (found - expected).abs().max().item<double>() <= kSameLogits * expected.abs().max().item<double>();
  } catch (const std::exception&) {
    return false;
  }
}

void TorchModel::try_dry_run(const ModelInputs& inputs) {
  auto ahead = std::make_unique<AheadFinder>();
  auto session = new_session(inputs, {}, *ahead);
  c10::IValue output = methods_.run_captured(inputs, mask_, session);
  if (learn_from(*session)) {
    ahead = std::make_unique<AheadFinder>();
    session = new_session(inputs, {}, *ahead);
    output = methods_.run_captured(inputs, mask_, session);
  }
  returned_.clear();
  if (session->fired().empty()) {
    returned_ = find_returned_attention(output, lengths_of(inputs), methods_.has_target());
    for (const ReturnedAttention& one : returned_) session->returned(one.kind, one.weights);
  }
  info_->outputs = describe_output(output);
  info_->sites = session->fired();
  for (AttentionSite& site : info_->sites) site.causal = ahead->causal(site.kind, site.layer);
  info_->causal = causal_of(info_->sites);
  info_->task = infer_task(output);
  for (ReturnedAttention& one : returned_) one.weights.reset();
  encodes_once_ = halves_agree(inputs, output);
}

Task TorchModel::infer_task(const c10::IValue& output) const {
  if (methods_.has_target()) return Task::kSeq2Seq;
  if (description_.config.task) return *description_.config.task;
  if (!info_->causal.value_or(false)) return Task::kEncoder;
  const std::vector<OutputTensor> tensors = output_tensors(output);
  const bool logits = std::any_of(tensors.begin(), tensors.end(), [&](const OutputTensor& one) {
    return one.tensor.dim() == 3 && one.tensor.is_floating_point() &&
           one.tensor.size(2) >= methods_.limits().vocabulary.value_or(0);
  });
  return logits ? Task::kCausalLm : Task::kEncoder;
}

// A traced model may take one length only, masks may be wanted in another dtype: several probes are made.
// What the first of them says is what is told when all fail.
void TorchModel::dry_run() {
  std::vector<std::int64_t> lengths = {kProbeLength};
  std::string first_failure;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    for (const MaskType mask : {MaskType::kInt64, MaskType::kBool, MaskType::kFloat}) {
      mask_ = mask;
      try {
        try_dry_run(probe(lengths[i]));
        if (i > 0 && !methods_.has_target()) fixed_length_ = lengths[i];
        return;
      } catch (const Error&) {
        throw;
      } catch (const std::exception& error) {
        if (first_failure.empty()) first_failure = error.what();
        if (i > 0) continue;
        std::vector<std::int64_t> more = integers_in(summary_of(error.what()));
        const std::vector<std::int64_t> constants = methods_.frequent_integers(kLongestProbe);
        more.insert(more.end(), constants.begin(), constants.end());
        for (const std::int64_t length : more) {
          const bool known = std::find(lengths.begin(), lengths.end(), length) != lengths.end();
          if (length > 1 && !known && lengths.size() < kLengthsTried) lengths.push_back(length);
        }
      }
    }
  }
  mask_ = MaskType::kInt64;
  info_->dry_run_failure = explain(probe(kProbeLength), first_failure);
}

const ModelInfo& TorchModel::info() {
  if (info_) return *info_;
  info_.emplace();
  info_->file = source_->name();
  info_->sha256 = source_->sha256();
  info_->inputs = methods_.inputs();
  info_->vocabulary = methods_.limits().vocabulary;
  info_->target_vocabulary = methods_.limits().target_vocabulary;
  info_->max_positions = positions();
  if (methods_.has_target()) info_->task = Task::kSeq2Seq;  // whatever becomes of the dry run
  try {
    dry_run();
    if (info_->sites.empty() && (info_->dry_run_failure.empty() || methods_.sites().empty())) {
      throw Error(
          ErrorKind::kInput,
          "no attention was found in '" + source_->name() +
              "': neither softmax(queries · keys) times values, nor scaled_dot_product_attention, nor a "
              "fused attention operator, nor a returned tensor [1, heads, queries, keys] whose rows sum to 1",
          info_->dry_run_failure);
    }
  } catch (...) {
    info_.reset();
    throw;
  }
  return *info_;
}

}  // namespace attnviz::model
