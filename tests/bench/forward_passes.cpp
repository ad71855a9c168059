// The forward passes of a greedy generation and nothing else: what any tool that generates with this model
// has to pay.
//   attnviz_forward_passes MODEL.pt N ID ID ...
// runs forward on the ids, appends the most probable token, and so on N times, then once more on everything.
#include <torch/script.h>

#include <cstdlib>
#include <iostream>

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: attnviz_forward_passes MODEL.pt N ID ID ...\n";
    return 2;
  }
  const c10::InferenceMode guard;
  torch::jit::Module model = torch::jit::load(argv[1]);
  model.eval();
  std::vector<std::int64_t> ids;
  for (int i = 3; i < argc; ++i) ids.push_back(std::atoll(argv[i]));
  const auto forward = [&] {
    return model.forward({torch::tensor(ids, torch::kLong).unsqueeze(0)}).toTensor();
  };
  for (int i = 0; i < std::atoi(argv[2]); ++i) ids.push_back(forward()[0][-1].argmax().item<std::int64_t>());
  std::cout << forward().sizes() << '\n';
}
