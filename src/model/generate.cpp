// Greedy decoding with the bare graph.
#include <algorithm>
#include <cmath>

#include "model/border.h"
#include "model/torch_model.h"

namespace attnviz::model {

namespace {

bool is_end(const std::vector<std::int64_t>& eos, std::int64_t id) {
  return std::find(eos.begin(), eos.end(), id) != eos.end();
}

}  // namespace

std::int64_t TorchModel::next_id(const ModelInputs& inputs, const std::optional<c10::IValue>& memory,
                                 double& probability) const {
  return at_border(
      [&] {
        const std::size_t length = methods_.has_target() ? inputs.target_ids.size() : inputs.ids.size();
        const c10::IValue output =
            memory ? methods_.decode(*memory, inputs, mask_) : methods_.run(inputs, mask_);
        const at::Tensor logits = find_logits(output, description_.logits, static_cast<std::int64_t>(length));
        const at::Tensor last = at::softmax(logits[0][-1].to(torch::kFloat32), -1);
        const std::int64_t id = last.argmax().item<std::int64_t>();
        probability = last[id].item<double>();
        if (!std::isfinite(probability)) {
          throw Error(ErrorKind::kInput, "the logits of '" + source_->name() + "' are not finite");
        }
        return id;
      },
      [&](const std::string& said) { return explain(inputs, said); });
}

std::int64_t TorchModel::first_target() const {
  const ModelConfig& config = description_.config;
  if (const auto start = config.decoder_start ? config.decoder_start : config.bos) return *start;
  throw Error(ErrorKind::kInput, "the decoder of '" + source_->name() +
                                     "' needs a first token; give \"decoder_start\" in attnviz.json");
}

Generation TorchModel::generate(const ModelInputs& given, std::int64_t limit, Listener& listener) {
  if (info().task == Task::kEncoder) {
    throw Error(ErrorKind::kInput, "'" + source_->name() +
                                       "' is an encoder and generates nothing; if it is a language model, "
                                       "say \"task\": \"causal-lm\" in attnviz.json");
  }
  ModelInputs inputs = given;
  std::vector<std::int64_t>& growing = methods_.has_target() ? inputs.target_ids : inputs.ids;
  if (methods_.has_target() && growing.empty()) growing.push_back(first_target());
  Generation generation;
  generation.no_end_known = description_.config.eos.empty();
  std::optional<c10::IValue> memory;
  for (std::int64_t i = 0; i < limit; ++i) {
    if (listener.cancelled()) throw Error(ErrorKind::kInterrupted, "interrupted while generating");
    listener.progress("generating", i, limit);
    check(inputs);
    if (positions() && static_cast<std::int64_t>(growing.size()) == *positions()) {
      generation.positions_used_up = true;
      break;
    }
    if (encodes_once_ && !memory) {
      memory = at_border([&] { return methods_.encode(inputs, mask_); },
                         [&](const std::string& said) { return explain(inputs, said); });
    }
    double probability = 0;
    const std::int64_t id = next_id(inputs, memory, probability);
    if (is_end(description_.config.eos, id)) {
      generation.ended = true;
      break;
    }
    generation.ids.push_back(id);
    generation.probabilities.push_back(probability);
    growing.push_back(id);
    if (!inputs.type_ids.empty() && !methods_.has_target()) inputs.type_ids.push_back(inputs.type_ids.back());
  }
  listener.progress("generating", limit, limit);
  return generation;
}

}  // namespace attnviz::model
