#include "model/torch_model.h"

#include <torch/version.h>

#include "model/border.h"

namespace attnviz::model {

namespace {

void check_ids(const std::vector<std::int64_t>& ids, const std::optional<std::int64_t>& rows,
               const char* what) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= 0 && (!rows || ids[i] < *rows)) continue;
    throw Error(ErrorKind::kInput, std::string(what) + " id " + std::to_string(ids[i]) + " (position " +
                                       std::to_string(i) + ") is not one that the model takes: " +
                                       (rows ? "its vocabulary has " + std::to_string(*rows) + " ids, 0 to " +
                                                   std::to_string(*rows - 1)
                                             : "ids are not negative"));
  }
}

void check_length(std::int64_t length, const std::optional<std::int64_t>& most, const char* what) {
  if (!most || length <= *most) return;
  throw Error(ErrorKind::kInput, std::string("the ") + what + " has " + std::to_string(length) +
                                     " tokens, but the model takes at most " + std::to_string(*most) +
                                     "; shorten it");
}

// Whether there is a target, which the methods show, decides what a run is given.
void check_task(const std::optional<Task>& task, bool has_target) {
  if (!task || (*task == Task::kSeq2Seq) == has_target) return;
  throw Error(ErrorKind::kInput,
              "attnviz.json: \"task\" is \"" + std::string(to_string(*task)) + "\", but the model " +
                  (has_target ? "takes target ids, as encoder–decoders do" : "takes no target ids") +
                  "; take the key out, or say under \"inputs\" which argument takes what");
}

}  // namespace

TorchModel::TorchModel(std::shared_ptr<const ModelSource> source, torch::jit::Module module,
                       ModelDescription description, const c10::Device& device,
                       const std::optional<DtypeCast>& cast)
    : source_(std::move(source)),
      module_(std::move(module)),
      description_(std::move(description)),
      device_(device),
      methods_(module_, description_, device_, cast) {
  check_task(description_.config.task, methods_.has_target());
}

c10::intrusive_ptr<CaptureSession> TorchModel::new_session(const ModelInputs& inputs,
                                                           const std::vector<int>& heads,
                                                           AttentionConsumer& consumer) const {
  return c10::make_intrusive<CaptureSession>(methods_.sites(), ignored_, heads, lengths_of(inputs), consumer);
}

void TorchModel::check(const ModelInputs& inputs) const {
  if (inputs.ids.empty()) throw Error(ErrorKind::kInput, "the text has no tokens");
  if (methods_.has_target() && inputs.target_ids.empty()) {
    throw Error(ErrorKind::kInput,
                "the model is an encoder–decoder and needs a target text, or something to generate");
  }
  if (!inputs.type_ids.empty() && inputs.type_ids.size() != inputs.ids.size()) {
    throw Error(ErrorKind::kUsage, "there are " + std::to_string(inputs.type_ids.size()) + " type ids for " +
                                       std::to_string(inputs.ids.size()) + " tokens");
  }
  check_ids(inputs.ids, methods_.limits().vocabulary, "token");
  check_ids(inputs.target_ids, methods_.limits().target_vocabulary, "target token");
  const Lengths lengths = lengths_of(inputs);
  if (fixed_length_ && lengths.source != *fixed_length_) {
    throw Error(ErrorKind::kInput,
                "the model takes exactly " + std::to_string(*fixed_length_) +
                    " tokens (a traced model keeps the length of its example), the text has " +
                    std::to_string(lengths.source) +
                    "; export it with dynamic lengths, or with torch.jit.script");
  }
  check_length(lengths.source, positions(), "text");
  check_length(lengths.target, positions(), "target");
}

std::optional<std::int64_t> TorchModel::positions() const {
  const auto& configured = description_.config.max_length;
  if (methods_.limits().positions && configured) return std::min(*methods_.limits().positions, *configured);
  return methods_.limits().positions ? methods_.limits().positions : configured;
}

std::string TorchModel::explain(const ModelInputs& inputs, const std::string& said) const {
  const Lengths lengths = lengths_of(inputs);
  const std::int64_t longest = std::max(lengths.source, lengths.target);
  if (methods_.limits().table_rows && longest > *methods_.limits().table_rows) {
    return "the text has " + std::to_string(longest) + " tokens, but the model takes at most " +
           std::to_string(*methods_.limits().table_rows) + "; shorten it";
  }
  std::string sentence =
      "the model '" + source_->name() + "' fails on " + std::to_string(lengths.source) + " tokens" +
      (lengths.target > 0 ? " and " + std::to_string(lengths.target) + " target tokens" : "");
  if (said.find("index out of range in self") != std::string::npos) {
    return sentence +
           ": an id or a position is beyond the end of an embedding; use fewer tokens, or the tokenizer that "
           "belongs to the model";
  }
  if (said.find("not implemented for 'Half'") != std::string::npos) {
    return sentence + ": libtorch " TORCH_VERSION
                      " does not compute float16 on the CPU; use --dtype float32 or a GPU";
  }
  return sentence + ": " + summary_of(said);
}

std::vector<AttentionSite> TorchModel::run(const ModelInputs& inputs, const std::vector<int>& heads,
                                           AttentionConsumer& consumer) {
  info();
  check(inputs);
  const auto session = new_session(inputs, heads, consumer);
  at_border(
      [&] {
        if (returned_.empty()) {
          methods_.capture(inputs, mask_, session);
        } else {
          const c10::IValue output = methods_.run(inputs, mask_);
          for (const ReturnedAttention& one : returned_attention_at(output, returned_)) {
            session->returned(one.kind, one.weights);
          }
        }
      },
      [&](const std::string& said) { return explain(inputs, said); });
  std::vector<AttentionSite> fired = session->fired();
  if (fired.empty()) {
    throw Error(ErrorKind::kInput, "no attention was found while '" + source_->name() + "' ran on " +
                                       std::to_string(inputs.ids.size()) + " tokens");
  }
  for (AttentionSite& site : fired) {
    for (const AttentionSite& known : info_->sites) {
      if (known.kind == site.kind && known.layer == site.layer) site.causal = known.causal;
    }
  }
  return fired;
}

c10::IValue TorchModel::forward(const ModelInputs& inputs) {
  info();
  return methods_.run(inputs, mask_);
}

c10::IValue TorchModel::forward_captured(const ModelInputs& inputs, const std::vector<int>& heads,
                                         AttentionConsumer& consumer) {
  info();
  return methods_.run_captured(inputs, mask_, new_session(inputs, heads, consumer));
}

}  // namespace attnviz::model
