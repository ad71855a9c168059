// What is refused, with which sentence, and what is read beside a model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/cuda.h>

#include <thread>

#include "model/reference.h"
#include "model/zoo.h"

namespace attnviz::model {

namespace {

using testing::HasSubstr;
using zoo::sentence_of;
using zoo::TemporaryFolder;

std::string refusal(const std::string& path, const std::string& device = "cpu",
                    const std::optional<std::string>& dtype = {}) {
  zoo::KeepingListener listener;
  LoadOptions options;
  options.model = path;
  options.device = device;
  options.dtype = dtype;
  return sentence_of([&] { Model::load(options, listener)->info(); });
}

std::string bytes_of(const std::string& path) { return source::read_file(path).value(); }

std::string forward_of(const std::string& arguments, const std::string& ids = "input_ids") {
  return "\ndef forward(self, " + arguments + "):\n    x = torch.embedding(self.table, " + ids +
         ")\n    return torch.matmul(torch.softmax(torch.matmul(x, x.transpose(1, 2)), -1), x)\n";
}

}  // namespace

TEST(Devices, ThatAreNotThereAreNamed) {
  const std::string model = zoo::data_path("gpt-traced-1.13.pt");
  EXPECT_THAT(refusal(model, "tpu"), HasSubstr("there is no device 'tpu'; devices are cpu, cuda and cuda:N"));
  if (!torch::cuda::is_available()) {
    EXPECT_THAT(refusal(model, "cuda:0"), HasSubstr("sees no CUDA device"));
  }
  EXPECT_THAT(refusal(model, "cpu", "int8"),
              HasSubstr("the dtype 'int8' is not float32, float16 or bfloat16"));
}

TEST(Devices, HalfPrecisionCanBeWidenedWhereverItIsWritten) {
  const TemporaryFolder folder;
  torch::jit::Module half = torch::jit::load(zoo::data_path("gpt-bfloat16-1.13.pt"));
  half.eval();
  torch::jit::freeze(half).save(folder.path("frozen.pt"));
  for (const std::string& path : {zoo::data_path("gpt-bfloat16-1.13.pt"), folder.path("frozen.pt")}) {
    zoo::KeepingListener listener;
    LoadOptions options;
    options.model = path;
    options.dtype = "float32";
    auto model = Model::load(options, listener);
    zoo::KeepingSink sink;
    model->run(zoo::some_inputs(6), {}, sink);
    EXPECT_LE((sink.layers[AttentionKind::kSelf][1].sum(-1) - 1).abs().max().item<double>(), 1e-5) << path;
  }
}

// Norms stay in float32 in many models of half precision, and come first.
TEST(Devices, TheTypeOfMostWeightsIsWhatIsWidened) {
  auto parameters = zoo::common_parameters();
  for (auto& [name, tensor] : parameters) tensor = tensor.to(torch::kBFloat16);
  parameters["a_norm"] = torch::ones({8});
  auto specimen = zoo::build(R"(
def forward(self, input_ids: Tensor):
    x = torch.embedding(self.table, input_ids)
    w = torch.softmax(torch.matmul(x, x.transpose(1, 2)), -1)
    return torch.matmul(w, x) * self.a_norm
)",
                             parameters);
  LoadOptions options;
  options.model = specimen.folder->path();
  options.dtype = "float32";
  zoo::KeepingListener listener;
  auto model = Model::load(options, listener);
  zoo::KeepingSink sink;
  model->run(zoo::some_inputs(6), {}, sink);
  EXPECT_LE((sink.layers[AttentionKind::kSelf][0].sum(-1) - 1).abs().max().item<double>(), 1e-6);
}

TEST(Devices, CastsToHalfInAGraphAreWidenedToo) {
  const std::string source = R"(
def forward(self, input_ids: Tensor):
    x = torch.embedding(self.table, input_ids).to(15)
    w = torch.softmax(torch.matmul(x, x.transpose(1, 2)), -1, dtype=15)
    return torch.matmul(w, x)
)";
  auto parameters = zoo::common_parameters();
  for (auto& [name, tensor] : parameters) tensor = tensor.to(torch::kBFloat16);
  auto specimen = zoo::build(source, parameters);
  zoo::KeepingListener listener;
  LoadOptions options;
  options.model = specimen.folder->path();
  options.dtype = "float32";
  auto model = Model::load(options, listener);
  zoo::KeepingSink sink;
  model->run(zoo::some_inputs(6), {}, sink);
  EXPECT_LE((sink.layers[AttentionKind::kSelf][0].sum(-1) - 1).abs().max().item<double>(), 1e-5);
}

TEST(Config, OfTheOptionsTakesThePlaceOfTheModelsOwn) {
  const TemporaryFolder folder;
  folder.write("model.pt", bytes_of(zoo::data_path("gpt-traced-1.13.pt")));
  folder.write("attnviz.json", R"({"eos": 5})");
  folder.write("other.json", R"({"eos": 6})");
  LoadOptions options;
  options.model = folder.path();
  zoo::KeepingListener listener;
  EXPECT_EQ(Model::load(options, listener)->config().eos, std::vector<std::int64_t>{5});
  options.config = folder.path("other.json");
  EXPECT_EQ(Model::load(options, listener)->config().eos, std::vector<std::int64_t>{6});
}

TEST(Limits, AreSaidWithBothNumbersBeforeTheModelRuns) {
  auto gpt = zoo::load("gpt-traced-1.13.pt");
  zoo::KeepingSink sink;
  const auto sentence = [&](ModelInputs inputs) {
    return sentence_of([&] { gpt.model->run(inputs, {}, sink); });
  };
  EXPECT_EQ(sentence({{3, 16}, {}, {}}),
            "token id 16 (position 1) is not one that the model takes: its vocabulary has 16 ids, 0 to 15");
  EXPECT_THAT(sentence({{-1}, {}, {}}), HasSubstr("token id -1 (position 0)"));
  EXPECT_EQ(sentence(zoo::some_inputs(25)),
            "the text has 25 tokens, but the model takes at most 24; shorten it");
  EXPECT_EQ(sentence({}), "the text has no tokens");
  EXPECT_EQ(sentence(zoo::some_inputs(24)), "");
  EXPECT_TRUE(sink.layers.count(AttentionKind::kSelf));
}

TEST(Limits, OfATableOfPositionsAreSaidWhenTheModelFails) {
  auto bert = zoo::load("bert-traced-1.13.pt");
  zoo::KeepingSink sink;
  EXPECT_EQ(sentence_of([&] { bert.model->run(zoo::some_inputs(40), {}, sink); }),
            "the text has 40 tokens, but the model takes at most 32; shorten it");
}

TEST(Limits, OfATracedLengthAreOneSentence) {
  auto fixed = zoo::load("refused-fixed-length-1.13.pt");
  zoo::KeepingSink sink;
  EXPECT_THAT(sentence_of([&] { fixed.model->run(zoo::some_inputs(5), {}, sink); }),
              HasSubstr("the model takes exactly 7 tokens (a traced model keeps the length of its example), "
                        "the text has 5"));
  EXPECT_EQ(sentence_of([&] { fixed.model->run(zoo::some_inputs(7), {}, sink); }), "");
}

TEST(Limits, AMissingTargetIsSaid) {
  auto translator = zoo::load("transformer-traced-1.13.pt");
  zoo::KeepingSink sink;
  EXPECT_THAT(sentence_of([&] { translator.model->run(zoo::some_inputs(5), {}, sink); }),
              HasSubstr("is an encoder–decoder and needs a target text"));
}

TEST(DryRun, ThatFailsIsToldAndTheRestStands) {
  auto specimen = zoo::build(R"(
def forward(self, input_ids: Tensor):
    assert input_ids.size(1) > 1000, "too short"
    x = torch.embedding(self.table, input_ids)
    return torch.matmul(torch.softmax(torch.matmul(x, x.transpose(1, 2)), -1), x)
)",
                             zoo::common_parameters());
  const ModelInfo& info = specimen.model->info();
  EXPECT_THAT(info.dry_run_failure, HasSubstr("too short"));
  EXPECT_EQ(info.task, std::nullopt);
  EXPECT_EQ(info.inputs.size(), 1U);
}

TEST(Info, SaysWhatAModelIs) {
  auto bert = zoo::load("bert-traced-1.13.pt");
  const ModelInfo& info = bert.model->info();
  EXPECT_EQ(info.file, "bert-traced-1.13.pt");
  EXPECT_EQ(info.sha256.size(), 64U);
  EXPECT_EQ(info.outputs,
            "tuple(Tensor [1, 6, 8], Tensor [1, 3], tuple(Tensor [1, 2, 6, 6], Tensor [1, 2, 6, 6]))");
  EXPECT_EQ(info.task, Task::kEncoder);
  EXPECT_EQ(info.causal, false);
  EXPECT_EQ(zoo::load("gpt-frozen-1.13.pt").model->info().task, Task::kCausalLm);
  EXPECT_EQ(zoo::load("gpt-frozen-1.13.pt").model->info().causal, true);
}

TEST(Info, SaysWhichIdsAndHowManyPositionsAModelTakes) {
  auto gpt = zoo::load("gpt-traced-1.13.pt");
  EXPECT_EQ(gpt.model->info().vocabulary, 16);
  EXPECT_EQ(gpt.model->info().target_vocabulary, std::nullopt);
  EXPECT_EQ(gpt.model->info().max_positions, 24);
  auto translator = zoo::load("transformer-scripted-1.13.pt");
  EXPECT_EQ(translator.model->info().target_vocabulary, 16);
  EXPECT_EQ(translator.model->info().max_positions, std::nullopt);
  const std::string source = forward_of("input_ids: Tensor");
  EXPECT_EQ(zoo::build(source, zoo::common_parameters(), R"({"max_length": 9})").model->info().max_positions,
            9);
}

TEST(Info, TakesTheSmallerOfTheGraphsAndTheConfigsPositions) {
  const TemporaryFolder folder;
  const std::string archive = bytes_of(zoo::data_path("gpt-traced-1.13.pt"));
  folder.write("model.pt", archive);
  for (const auto& [configured, expected] : {std::pair(12, 12), std::pair(512, 24)}) {
    folder.write("config.json", "{\"n_positions\": " + std::to_string(configured) + "}");
    LoadOptions options;
    options.model = folder.path();
    zoo::KeepingListener listener;
    EXPECT_EQ(Model::load(options, listener)->info().max_positions, expected);
  }
}

TEST(Models, InTwoThreadsDoNotMix) {
  const auto work = [](const char* name, int heads) {
    auto specimen = zoo::load(name);
    for (int i = 0; i < 20; ++i) {
      zoo::KeepingSink sink;
      specimen.model->run(zoo::some_inputs(6), {}, sink);
      ASSERT_EQ(sink.layers[AttentionKind::kSelf].size(), 2U);
      ASSERT_EQ(sink.layers[AttentionKind::kSelf][0].size(0), heads);
    }
  };
  std::thread other(work, "llama-traced-2.6.pt", 4);
  work("gpt-traced-1.13.pt", 2);
  other.join();
}

}  // namespace attnviz::model
