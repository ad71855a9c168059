// The archives that PyTorch 1.13, 2.6 and 2.15 wrote (make_zoo.py), against the truth that was written beside
// them.
#include <gtest/gtest.h>

#include <cctype>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "model/zoo.h"

namespace attnviz::model {

namespace {

using nlohmann::json;

constexpr double kFloat32Tolerance = 1e-5;
constexpr double kReducedTolerance = 0.03;  // bfloat16 keeps 8 bits, over two layers.

struct Archive {
  std::string name;
  json truth;
  /// An archive has several truths where it is run on several inputs.
  zoo::Specimen load() const { return zoo::load(truth.value("file", name)); }
  friend std::ostream& operator<<(std::ostream& out, const Archive& one) { return out << one.name; }
};

std::vector<Archive> all_archives() {
  std::vector<Archive> archives;
  for (const char* version : {"1.13", "2.6", "2.15"}) {
    std::ifstream file(zoo::data_path(std::string("truth-") + version + ".json"));
    const json truth = json::parse(file);
    for (const auto& [name, entry] : truth.items()) archives.push_back({name, entry});
  }
  return archives;
}

at::Tensor weights_of(const json& layer) {
  const auto numbers = layer["weights"].get<std::vector<double>>();
  return torch::tensor(numbers, torch::kFloat64).view(layer["shape"].get<std::vector<std::int64_t>>());
}

bool is_reduced(const std::string& name) { return name.find("float16") != std::string::npos; }

ModelInputs inputs_of(const json& truth) {
  ModelInputs inputs;
  inputs.ids = truth["ids"].get<std::vector<std::int64_t>>();
  inputs.target_ids = truth["target_ids"].get<std::vector<std::int64_t>>();
  return inputs;
}

}  // namespace

class Archives : public testing::TestWithParam<Archive> {};

TEST_P(Archives, GiveTheAttentionOfTheFormulas) {
  const auto& [name, truth] = GetParam();
  auto specimen = GetParam().load();
  zoo::KeepingSink sink;
  const auto sites = specimen.model->run(inputs_of(truth), {}, sink);
  ASSERT_EQ(sites.size(), truth["layers"].size());
  std::map<AttentionKind, std::size_t> seen;
  double largest = 0;
  for (std::size_t i = 0; i < sites.size(); ++i) {
    const json& layer = truth["layers"][i];
    EXPECT_EQ(to_string(sites[i].kind), layer["kind"].get<std::string>()) << "site " << i;
    const at::Tensor expected = weights_of(layer);
    EXPECT_EQ(sites[i].heads, expected.size(0));
    EXPECT_EQ(sites[i].layer, static_cast<int>(seen[sites[i].kind]));
    const at::Tensor& found = sink.layers[sites[i].kind].at(seen[sites[i].kind]++);
    ASSERT_EQ(found.sizes(), expected.sizes());
    largest = std::max(largest, (found - expected).abs().max().item<double>());
  }
  EXPECT_LE(largest, is_reduced(name) ? kReducedTolerance : kFloat32Tolerance);
  std::ostringstream text;
  text << sites[0].capture << ", " << sites.size() << " sites, " << sites[0].heads << " heads, " << largest;
  RecordProperty("error", text.str());
  std::cout << "zoo " << name << ": " << text.str() << "\n";
}

// Where the graph keeps its own operators not a bit changes; where attention runs in tiles, sums are rounded
// in another order.
TEST_P(Archives, KeepTheirOutputs) {
  const auto& [name, truth] = GetParam();
  auto specimen = GetParam().load();
  const ModelInputs inputs = inputs_of(truth);
  zoo::KeepingSink sink;
  const c10::IValue captured = specimen.torch_model().forward_captured(inputs, {}, sink);
  const c10::IValue bare = specimen.torch_model().forward(inputs);
  bool kept = true;
  for (const AttentionSite& site : specimen.model->info().sites) kept = kept && site.capture == "softmax";
  EXPECT_LE(zoo::difference(captured, bare), kept ? 0 : 1e-6 * std::max(1.0, zoo::magnitude(bare)));
}

TEST_P(Archives, SayHowTheyWereCaptured) {
  const auto& [name, truth] = GetParam();
  auto specimen = GetParam().load();
  const ModelInfo& info = specimen.model->info();
  EXPECT_EQ(info.dry_run_failure, "");
  for (const AttentionSite& site : info.sites) {
    if (truth["capture"] != "any") {
      EXPECT_EQ(site.capture, truth["capture"].get<std::string>());
    }
    EXPECT_EQ(site.scope.empty(), name.starts_with("gpt-frozen")) << site.scope;
  }
}

INSTANTIATE_TEST_SUITE_P(Zoo, Archives, testing::ValuesIn(all_archives()), [](const auto& one) {
  std::string name = one.param.name.substr(0, one.param.name.rfind(".pt"));
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
});

TEST(Scopes, AreTheModulesThatHoldTheAttention) {
  const auto scopes = [](const std::string& name) {
    std::vector<std::string> found;
    auto specimen = zoo::load(name);
    for (const AttentionSite& site : specimen.model->info().sites) found.push_back(site.scope);
    return found;
  };
  const std::vector<std::string> encoder = {"encoder.layers.0", "encoder.layers.1"};
  EXPECT_EQ(scopes("encoder-traced-1.13.pt"), encoder);
  const std::vector<std::string> llama = {"layers.0", "layers.1"};
  EXPECT_EQ(scopes("llama-traced-1.13.pt"), llama);
  const std::vector<std::string> translator = {
      "transformer.encoder.layers.0",           "transformer.encoder.layers.1",
      "transformer.decoder.layers.0.self_attn", "transformer.decoder.layers.0.multihead_attn",
      "transformer.decoder.layers.1.self_attn", "transformer.decoder.layers.1.multihead_attn"};
  EXPECT_EQ(scopes("transformer-traced-1.13.pt"), translator);
  EXPECT_EQ(scopes("transformer-scripted-2.6.pt"), translator);
}

}  // namespace attnviz::model
