// Whether a model has a decoder's side is told by its methods: with a failing dry run, and whatever files of
// other projects beside it say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/reference.h"
#include "model/zoo.h"

namespace attnviz::model {

namespace {

using testing::HasSubstr;
using zoo::sentence_of;

const std::string kEncoder = R"(
def forward(self, input_ids: Tensor):
    x = self.embed(input_ids)
    return self.attend(x, x)
)";

const std::string kPair = R"(
def forward(self, src: Tensor, tgt: Tensor):
    m = self.embed(src)
    m = self.attend(m, m)
    y = self.embed(tgt)
    return torch.matmul(self.attend(self.attend(y, y), m), self.table.t())
)";

const std::string kPairOfLongTexts = R"(
def forward(self, src: Tensor, tgt: Tensor):
    assert src.size(1) > 5000, "too short"
    m = self.embed(src)
    m = self.attend(m, m)
    y = self.embed(tgt)
    return torch.matmul(self.attend(self.attend(y, y), m), self.table.t())
)";

zoo::Specimen specimen_of(const std::string& source, const std::string& config = {}) {
  return zoo::build(zoo::attending_methods() + source, zoo::common_parameters(), config);
}

// The model of `specimen` again, with `config` as the config.json beside it.
std::unique_ptr<Model> beside(const zoo::Specimen& specimen, const std::string& config) {
  specimen.folder->write("config.json", config);
  LoadOptions options;
  options.model = specimen.folder->path();
  Listener listener;
  return Model::load(options, listener);
}

}  // namespace

TEST(Task, OfAnEncoderDecoderIsKnownThoughItsDryRunFails) {
  auto specimen = specimen_of(kPairOfLongTexts);
  const ModelInfo& info = specimen.model->info();
  EXPECT_THAT(info.dry_run_failure, HasSubstr("too short"));
  EXPECT_EQ(info.task, Task::kSeq2Seq);
  EXPECT_TRUE(info.sites.empty());
  EXPECT_EQ(info.causal, std::nullopt);
}

TEST(Task, OfAnEncoderAloneIsNotWhatTheConfigOfTheWholeModelSays) {
  const auto specimen = specimen_of(kEncoder);
  const auto model = beside(specimen, R"({"is_encoder_decoder": true, "eos_token_id": 1})");
  EXPECT_EQ(model->info().task, Task::kEncoder);
  EXPECT_EQ(model->config().eos, std::vector<std::int64_t>{1}) << "the rest of it counts";
  zoo::KeepingSink sink;
  model->run(zoo::some_inputs(6), {}, sink);
  EXPECT_EQ(sink.layers[AttentionKind::kSelf].size(), 1U) << "its attention is captured without a target";
}

TEST(Task, OfAnEncoderDecoderIsThatWithoutAConfigAndWithOne) {
  const auto specimen = specimen_of(kPair);
  for (const char* config : {"{}", R"({"is_encoder_decoder": true})", R"({"is_encoder_decoder": false})"})
    EXPECT_EQ(beside(specimen, config)->info().task, Task::kSeq2Seq) << config;
}

TEST(Task, ThatAttnvizJsonSaysWronglyIsNamed) {
  EXPECT_EQ(
      sentence_of([] { specimen_of(kEncoder, R"({"task": "seq2seq"})"); }),
      "attnviz.json: \"task\" is \"seq2seq\", but the model takes no target ids; take the key out, or say "
      "under \"inputs\" which argument takes what");
  EXPECT_THAT(sentence_of([] { specimen_of(kPair, R"({"task": "encoder"})"); }),
              HasSubstr("\"task\" is \"encoder\", but the model takes target ids"));
  EXPECT_EQ(specimen_of(kPair, R"({"task": "seq2seq"})").model->info().task, Task::kSeq2Seq);
  EXPECT_EQ(specimen_of(kEncoder, R"({"task": "encoder"})").model->info().task, Task::kEncoder);
}

TEST(Task, OfOneStackIsALanguageModelWhereItIsCausalAndGivesLogits) {
  EXPECT_EQ(zoo::load("gpt-traced-1.13.pt").model->info().task, Task::kCausalLm);
  EXPECT_EQ(zoo::load("bert-traced-1.13.pt").model->info().task, Task::kEncoder);
  EXPECT_EQ(specimen_of(kEncoder, R"({"task": "causal-lm"})").model->info().task, Task::kCausalLm)
      << "attnviz.json knows better what an output is";
}

}  // namespace attnviz::model
