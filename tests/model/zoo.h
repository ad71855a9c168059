/// Small models for the tests: made from TorchScript source, or read from data/; and sinks that keep what
/// they see.
#pragma once

#include <torch/script.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "attnviz/model.h"
#include "model/torch_model.h"
#include "source/support.h"

namespace attnviz::model::zoo {

using source::zoo::data_path;
using source::zoo::sentence_of;
using source::zoo::TemporaryFolder;

/// Keeps what warnings and details say, and stops generation after `limit` polls.
class KeepingListener final : public Listener {
 public:
  std::vector<std::string> details;
  std::vector<std::int64_t> progress_done;
  int polls_before_cancel = -1;
  void detail(std::string_view sentence) override { details.emplace_back(sentence); }
  void progress(std::string_view, std::int64_t done, std::int64_t) override { progress_done.push_back(done); }
  bool cancelled() const override { return polls_before_cancel >= 0 && polls_++ >= polls_before_cancel; }

 private:
  mutable int polls_ = 0;
};

/// Keeps every layer whole, and fails the test when blocks do not come as core.h says.
class KeepingSink final : public AttentionConsumer {
 public:
  std::map<AttentionKind, std::vector<at::Tensor>>
      layers;                                         ///< [heads, rows, keys] of each layer handed over.
  std::map<AttentionKind, std::vector<int>> numbers;  ///< Which layer each of them is.
  std::vector<std::int64_t> first_rows;               ///< First row of each block, in order.
  Needs wanted;
  Needs needs() const override { return wanted; }
  void on_block(const AttentionBlock& block) override;

 private:
  std::map<AttentionKind, std::int64_t> next_row_;
};

/// A model of the zoo.
struct Specimen {
  std::unique_ptr<Model> model;
  std::shared_ptr<TemporaryFolder> folder;
  torch::jit::Module module;  ///< The same model as torch has it, not instrumented.
  TorchModel& torch_model() { return dynamic_cast<TorchModel&>(*model); }
};

/// A parameter [shape] of fixed numbers, the same on every machine.
at::Tensor fixed_numbers(const std::vector<std::int64_t>& shape, std::int64_t seed, double scale = 0.5);

/// Builds a module from TorchScript source with these parameters, saves and loads it. `config`: text of an
/// attnviz.json beside it.
Specimen build(const std::string& source, const std::map<std::string, at::Tensor>& parameters,
               const std::string& config = {});

/// Loads `data/<name>`.
Specimen load(const std::string& name);

/// Ids 1, 2, …, below `vocabulary`.
ModelInputs some_inputs(std::int64_t length, std::int64_t target = 0, std::int64_t vocabulary = 16);

/// Largest difference of two outputs, through tuples, lists and dicts.
double difference(const c10::IValue& a, const c10::IValue& b);

/// Largest absolute number in an output.
double magnitude(const c10::IValue& output);

}  // namespace attnviz::model::zoo
