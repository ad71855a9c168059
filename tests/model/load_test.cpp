// What is refused, with which sentence, and what is read beside a model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/cuda.h>

#include <fstream>
#include <thread>

#include "model/archive.h"
#include "model/config.h"
#include "model/reference.h"
#include "model/zoo.h"

namespace attnviz {

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

std::string bytes_of(const std::string& path) { return read_file(path).value(); }

ModelDescription described(const std::string& own, const std::string& config = "{}",
                           const std::string& tokenizer = "{}") {
  const std::vector<CompanionFile> files = {{"attnviz.json", "attnviz.json", own},
                                            {"config.json", "config.json", config},
                                            {"tokenizer_config.json", "tokenizer_config.json", tokenizer}};
  return describe_model(files);
}

std::string forward_of(const std::string& arguments, const std::string& ids = "input_ids") {
  return "\ndef forward(self, " + arguments + "):\n    x = torch.embedding(self.table, " + ids +
         ")\n    return torch.matmul(torch.softmax(torch.matmul(x, x.transpose(1, 2)), -1), x)\n";
}

std::string roles_of(zoo::Specimen& specimen) {
  std::string roles;
  for (const ModelInput& input : specimen.model->info().inputs) {
    roles += (roles.empty() ? "" : " ") + input.name + "=" + input.role;
  }
  return roles;
}

}  // namespace

TEST(Files, ThatAreNoTorchScriptAreRefusedByWhatTheyAre) {
  const TemporaryFolder folder;
  EXPECT_THAT(refusal(folder.path("nothing.pt")), HasSubstr("there is no model"));
  EXPECT_THAT(refusal(folder.path()), HasSubstr("has no model.pt in it"));
  folder.write("empty.pt", "");
  EXPECT_THAT(refusal(folder.path("empty.pt")), HasSubstr("is an empty file"));
  folder.write("text.pt", "not a model");
  EXPECT_THAT(refusal(folder.path("text.pt")), HasSubstr("is not a TorchScript file (a zip archive)"));
  const std::string whole = bytes_of(zoo::data_path("gpt-traced-1.13.pt"));
  folder.write("cut.pt", whole.substr(0, whole.size() / 2));
  EXPECT_THAT(refusal(folder.path("cut.pt")), HasSubstr("damaged or cut short"));
  EXPECT_THAT(refusal(zoo::data_path("refused-state-dict.pt")),
              HasSubstr("holds weights without code (a state_dict"));
  EXPECT_THAT(refusal(zoo::data_path("refused-legacy-pickle.pt")), HasSubstr("is a Python pickle"));
}

TEST(Files, WithAnUnknownOperatorNameItAndTheWaysOut) {
  const std::string sentence = refusal(zoo::data_path("refused-unknown-operator.pt"));
  EXPECT_THAT(sentence, HasSubstr("uses the operator zoo::magic, which libtorch "));
  EXPECT_THAT(sentence, HasSubstr("eager"));
  EXPECT_THAT(sentence, HasSubstr("newer libtorch"));
}

TEST(Files, ThatReadFilesThemselvesAreNotRun) {
  const std::string source = R"(
def forward(self, input_ids: Tensor):
    return torch.from_file("/etc/hostname", False, 1) + input_ids
)";
  EXPECT_THAT(sentence_of([&] { zoo::build(source, {}); }),
              HasSubstr("calls from_file in 'code/__torch__.py', which reads or writes files"));
}

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

TEST(Files, AreKnownByTheirHash) {
  const TemporaryFolder folder;
  folder.write("abc", "abc");
  EXPECT_EQ(sha256_of_file(folder.path("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Companions, InsideTheArchiveComeBeforeThoseBesideIt) {
  const TemporaryFolder folder;
  const torch::jit::Module module = torch::jit::load(zoo::data_path("gpt-traced-1.13.pt"));
  module.save(folder.path("model.pt"), {{"attnviz.json", R"({"eos": 5})"}});
  folder.write("attnviz.json", R"({"eos": 6})");
  folder.write("vocab.txt", "a\nb\n");
  LoadOptions options;
  options.model = folder.path();
  zoo::KeepingListener listener;
  auto model = Model::load(options, listener);
  EXPECT_EQ(model->config().eos, std::vector<std::int64_t>{5});
  const std::vector<std::string_view> names = {"vocab.txt", "attnviz.json", "merges.txt"};
  const auto found = model->companions(names);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].bytes, "a\nb\n");
  EXPECT_EQ(found[1].where, "attnviz.json in model.pt");
  options.config = folder.path("attnviz.json");
  EXPECT_EQ(Model::load(options, listener)->config().eos, std::vector<std::int64_t>{6});
}

TEST(Config, TakesWhatTheOwnFileSaysBeforeWhatOthersSay) {
  const auto description =
      described(R"({"schema": "attnviz.model/1", "task": "seq2seq", "eos": [2, 3], "pad": 0,
                                         "decoder_start": 7, "max_length": 64, "logits": 1, "tokenizer": "a.json",
                                         "inputs": {"x": "ids", "flag": true}})",
                R"({"eos_token_id": 9, "bos_token_id": 1, "max_position_embeddings": 512})");
  EXPECT_EQ(description.config.task, Task::kSeq2Seq);
  EXPECT_EQ(description.config.eos, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(description.config.bos, 1);
  EXPECT_EQ(description.config.decoder_start, 7);
  EXPECT_EQ(description.config.max_length, 64);
  EXPECT_EQ(description.logits, "1");
  EXPECT_EQ(description.roles.at("flag"), "true");
}

TEST(Config, TakesTheSmallestLimitOfForeignFilesAndSkipsWhatMeansNone) {
  const auto description = described("{}", R"({"max_position_embeddings": 514, "eos_token_id": null})",
                                     R"({"model_max_length": 512, "eos_token": "</s>"})");
  EXPECT_EQ(description.config.max_length, 512);
  EXPECT_TRUE(description.config.eos.empty());
  EXPECT_EQ(described("{}", "{}", R"({"model_max_length": 1e30})").config.max_length, std::nullopt);
}

TEST(Config, NamesTheWrongKeyOrType) {
  const auto sentence = [](const std::string& own) { return sentence_of([&] { described(own); }); };
  EXPECT_THAT(sentence(R"({"eso": 3})"),
              HasSubstr("attnviz.json: there is no key \"eso\"; the keys are schema, task"));
  EXPECT_THAT(sentence(R"({"eos": "x"})"), HasSubstr("\"eos\" must be a token id or a list of token ids"));
  EXPECT_THAT(sentence(R"({"task": "chat"})"),
              HasSubstr(R"("task" must be "encoder", "causal-lm" or "seq2seq")"));
  EXPECT_THAT(sentence(R"({"inputs": {"x": "words"}})"), HasSubstr("\"inputs.x\" must be ids, mask"));
  EXPECT_THAT(sentence(R"({"max_length": 0})"), HasSubstr("\"max_length\" must be a number of at least 1"));
  EXPECT_THAT(sentence(R"({"schema": "attnviz.model/2"})"),
              HasSubstr("\"schema\" must be \"attnviz.model/1\""));
  EXPECT_THAT(sentence("[]"), HasSubstr("attnviz.json must hold a JSON object"));
  EXPECT_THAT(sentence("{"), HasSubstr("attnviz.json is not JSON"));
}

TEST(Roles, ComeFromTheNamesThatExportersUse) {
  auto bert = zoo::load("bert-traced-1.13.pt");
  EXPECT_EQ(roles_of(bert), "input_ids=ids attention_mask=mask token_type_ids=types");
  auto translator = zoo::load("transformer-traced-1.13.pt");
  EXPECT_EQ(roles_of(translator), "src=ids tgt=target_ids");
  auto optional = zoo::build(
      forward_of(
          "words: Tensor, position_ids: Tensor, src_key_padding_mask: Optional[Tensor], fast: bool = True",
          "words"),
      zoo::common_parameters());
  EXPECT_EQ(roles_of(optional), "words=ids position_ids=positions src_key_padding_mask=none fast=none");
}

TEST(Roles, ComeFromTheConfigFirst) {
  auto specimen =
      zoo::build(forward_of("mystery: Tensor, x: Tensor, table: Tensor", "x"), zoo::common_parameters(),
                 R"({"inputs": {"mystery": "mask", "table": [[1.5, 2], [3, 4]]}})");
  EXPECT_EQ(roles_of(specimen), "mystery=mask x=ids table=[[1.5,2],[3,4]]");
  EXPECT_EQ(specimen.model->info().dry_run_failure, "");
}

TEST(Roles, ThatCannotBeToldAreAskedFor) {
  const auto sentence = [](const std::string& arguments, const std::string& config = {}) {
    return sentence_of([&] { zoo::build(forward_of(arguments), zoo::common_parameters(), config); });
  };
  EXPECT_THAT(
      sentence("input_ids: Tensor, mystery: Tensor"),
      HasSubstr("forward's argument 'mystery' (Tensor) is not one that attnviz knows; say what to pass"));
  EXPECT_THAT(sentence("input_ids: Tensor, pixel_values: Tensor"),
              HasSubstr("takes images, sound or vectors"));
  EXPECT_THAT(sentence("input_ids: Tensor", R"({"inputs": {"ids": "ids"}})"),
              HasSubstr("attnviz.json gives a role to 'ids', but forward takes (input_ids)"));
  EXPECT_THAT(sentence("input_ids: Tensor, n: int", R"({"inputs": {"n": 1.5}})"),
              HasSubstr("cannot take the literal 1.5"));
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

}  // namespace attnviz
