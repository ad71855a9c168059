// What capture costs: a GPT of 12 layers, 12 heads and width 768 with random weights.
//   attnviz_capture make FORM MODEL.pt             writes it; FORM is softmax or sdpa
//   attnviz_capture bare MODEL.pt TOKENS RUNS      forward as libtorch runs it; before version 2 without
//                                                  sdpa, which is attnviz' operator there
//   attnviz_capture reduce MODEL.pt TOKENS RUNS    the same with capture, and mean, max and rollout of it,
//                                                  of which the last 16 rows of each layer are kept
// The last two print the median seconds of a run, its median CPU seconds over all threads (which other work
// on the machine disturbs less) and the peak resident memory of the process in MB; loading is not timed.
#include <sys/resource.h>
#include <torch/script.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <iostream>
#include <sstream>

#include "attnviz/aggregate.h"
#include "attnviz/model.h"
#include "model/operators.h"

namespace {

constexpr int kLayers = 12, kHeads = 12, kWidth = 768, kVocabulary = 5000, kPositions = 2048;
constexpr std::int64_t kRows = 16;  ///< Rows that are kept: an answer of so many tokens.

const char* const kSoftmax = R"(
  scores = torch.matmul(q, k.transpose(2, 3)) / 8.0
  hidden = torch.ones([T, T], dtype=11).triu(1)
  mixed = torch.matmul(torch.softmax(scores.masked_fill(hidden, float('-inf')), -1), v)
)";
const char* const kSdpa = R"(
  mixed = torch.scaled_dot_product_attention(q, k, v, None, 0.0, True)
)";

std::string source(const std::string& form) {
  std::ostringstream out;
  out << "def forward(self, input_ids: Tensor) -> Tensor:\n  T = input_ids.size(1)\n"
         "  x = torch.embedding(self.words, input_ids) + self.places[:T]\n";
  for (int l = 0; l < kLayers; ++l) {
    const std::string i = std::to_string(l);
    out << "  n = torch.layer_norm(x, [768])\n"
           "  qkv = torch.matmul(n, self.qkv"
        << i
        << ").view(1, T, 3, 12, 64).permute(2, 0, 3, 1, 4)\n"
           "  q = qkv[0]\n  k = qkv[1]\n  v = qkv[2]"
        << form << "  x = x + torch.matmul(mixed.transpose(1, 2).reshape(1, T, 768), self.out" << i
        << ")\n"
           "  n = torch.layer_norm(x, [768])\n"
           "  x = x + torch.matmul(torch.gelu(torch.matmul(n, self.up"
        << i << ")), self.down" << i << ")\n";
  }
  out << "  return torch.matmul(torch.layer_norm(x, [768]), self.words.t())\n";
  return out.str();
}

void make(const std::string& form, const std::string& path) {
  torch::manual_seed(1);
  torch::jit::Module module("GPT");
  const auto weight = [&](const std::string& name, at::IntArrayRef shape) {
    module.register_parameter(name, torch::randn(shape) * 0.02, false);
  };
  weight("words", {kVocabulary, kWidth});
  weight("places", {kPositions, kWidth});
  for (int l = 0; l < kLayers; ++l) {
    const std::string i = std::to_string(l);
    weight("qkv" + i, {kWidth, 3 * kWidth});
    weight("out" + i, {kWidth, kWidth});
    weight("up" + i, {kWidth, 4 * kWidth});
    weight("down" + i, {4 * kWidth, kWidth});
  }
  module.define(source(form == "sdpa" ? kSdpa : kSoftmax));
  module.save(path);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

template <class Run>
void measure(int runs, const Run& run) {
  run();
  std::vector<double> wall, cpu;
  for (int i = 0; i < runs; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t cpu_start = std::clock();
    run();
    cpu.push_back(static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC);
    wall.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::cout << median(wall) << ' ' << median(cpu) << ' ' << static_cast<double>(usage.ru_maxrss) / 1024
            << '\n';
}

void bare(const std::string& path, const std::vector<std::int64_t>& ids, int runs) {
  const c10::InferenceMode guard;
  torch::jit::Module module = torch::jit::load(path);
  module.eval();
  const at::Tensor input = torch::tensor(ids, torch::kLong).unsqueeze(0);
  measure(runs, [&] { module.forward({input}); });
}

void reduce(const std::string& path, const std::vector<std::int64_t>& ids, int runs) {
  attnviz::Listener listener;
  const auto model = attnviz::Model::load({.model = path}, listener);
  const auto tokens = static_cast<std::int64_t>(ids.size());
  attnviz::ReductionOptions options;
  for (std::int64_t row = tokens - kRows; row < tokens; ++row) options.queries.push_back(row);
  measure(runs, [&] {
    attnviz::Reductions sink(options);
    model->run({.ids = ids}, {}, sink);
    sink.finish();
  });
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  attnviz::model::register_operators();
  if (words.size() == 3 && words[0] == "make") {
    make(words[1], words[2]);
  } else if (words.size() == 4 && (words[0] == "bare" || words[0] == "reduce")) {
    std::vector<std::int64_t> ids;
    for (int i = 0; i < std::stoi(words[2]); ++i) ids.push_back((i * 7919) % kVocabulary);
    (words[0] == "bare" ? bare : reduce)(words[1], ids, std::stoi(words[3]));
  } else {
    std::cerr << "usage: attnviz_capture make FORM MODEL.pt | bare|reduce MODEL.pt TOKENS RUNS\n";
    return 2;
  }
}
