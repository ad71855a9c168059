// Which argument takes what: by names, by the config, by what the graph does with it.
#include "model/roles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/reference.h"
#include "model/zoo.h"

namespace attnviz::model {

namespace {

using testing::HasSubstr;
using zoo::sentence_of;

std::string forward_of(const std::string& arguments, const std::string& ids = "input_ids") {
  return "\ndef forward(self, " + arguments + "):\n    x = torch.embedding(self.table, " + ids +
         ")\n    return torch.matmul(torch.softmax(torch.matmul(x, x.transpose(1, 2)), -1), x)\n";
}

std::string roles_of(zoo::Specimen& specimen) {
  std::string roles;
  for (const ModelInput& input : specimen.model->info().inputs) {
    roles += (roles.empty() ? "" : " ") + input.name + "=" + to_string(input.role);
  }
  return roles;
}

// An encoder–decoder whose forward takes the target's positions under a name that says nothing.
const char* const kPositionsOfTheTarget = R"(
def forward(self, src: Tensor, tgt: Tensor, where: Tensor):
    m = self.embed(src)
    m = self.attend(m, m)
    y = self.embed(tgt) + torch.embedding(self.table, where)
    y = self.attend(y, y)
    return torch.matmul(self.attend(y, m), self.table.t())
)";

const char* const kPositionsInDecode = R"(
def encode(self, src: Tensor):
    m = self.embed(src)
    return self.attend(m, m)
def decode(self, tgt: Tensor, memory: Tensor, where: Tensor):
    y = self.embed(tgt) + torch.embedding(self.table, where)
    y = self.attend(y, y)
    return torch.matmul(self.attend(y, memory), self.table.t())
)";

const char* const kPositionsOfBoth = R"(
def forward(self, src: Tensor, tgt: Tensor, here: Tensor, there: Tensor):
    y = self.embed(tgt) + torch.embedding(self.table, there)
    m = self.embed(src) + torch.embedding(self.table, here)
    m = self.attend(m, m)
    y = self.attend(y, y)
    return torch.matmul(self.attend(y, m), self.table.t())
)";

// Runs the model on 7 tokens and 4 of the target; the sentence of the error, if there is one.
std::string run(zoo::Specimen& specimen) {
  EXPECT_EQ(specimen.model->info().dry_run_failure, "");
  return sentence_of([&] {
    zoo::KeepingSink sink;
    specimen.model->run(zoo::some_inputs(7, 4), {}, sink);
    EXPECT_EQ(sink.layers[AttentionKind::kDecoder].at(0).size(1), 4);
  });
}

zoo::Specimen positions_specimen(const std::string& source, const std::string& roles) {
  return zoo::build(zoo::attending_methods() + source, zoo::common_parameters(),
                    R"({"inputs": )" + roles + "}");
}

}  // namespace

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
  EXPECT_THAT(sentence("input_ids: Tensor, on: bool", R"({"inputs": {"on": 1}})"),
              HasSubstr("forward's argument 'on' (bool) cannot take the literal 1"));
}

// The model returns what it was given for its argument.
TEST(Roles, OfLiteralsArePassedAsTheyAreWritten) {
  const auto passed = [](const std::string& type, const std::string& literal) {
    auto specimen = zoo::build("\ndef forward(self, input_ids: Tensor, it: " + type + R"():
    x = torch.embedding(self.table, input_ids)
    return torch.matmul(torch.softmax(torch.matmul(x, x.transpose(1, 2)), -1), x), it
)",
                               zoo::common_parameters(), R"({"inputs": {"it": )" + literal + "}}");
    return specimen.torch_model().forward(zoo::some_inputs(6)).toTuple()->elements()[1];
  };
  EXPECT_TRUE(passed("bool", "true").toBool());
  EXPECT_EQ(passed("int", "-3").toInt(), -3);
  EXPECT_EQ(passed("float", "2").toDouble(), 2.0);
  EXPECT_EQ(passed("Optional[float]", "0.25").toDouble(), 0.25);
  EXPECT_TRUE(passed("Optional[Tensor]", "null").isNone());
  const at::Tensor matrix = passed("Tensor", "[[1, 2, 3], [4, 5, 6]]").toTensor();
  EXPECT_TRUE(matrix.equal(torch::tensor({1, 2, 3, 4, 5, 6}, torch::kInt64).view({2, 3})));
  EXPECT_TRUE(passed("Tensor", "[1.5, 2]").toTensor().equal(torch::tensor({1.5F, 2.0F})));
  EXPECT_TRUE(passed("Tensor", "7").toTensor().equal(torch::tensor(7, torch::kInt64)));
  EXPECT_EQ(passed("Tensor", "[]").toTensor().numel(), 0);
}

TEST(Roles, PositionsHaveTheLengthOfTheSideThatTheyAreUsedOn) {
  auto forward = positions_specimen(kPositionsOfTheTarget, R"({"where": "positions"})");
  EXPECT_EQ(roles_of(forward), "src=ids tgt=target_ids where=positions");
  EXPECT_EQ(run(forward), "");
  auto halves = positions_specimen(kPositionsInDecode, R"({"where": "positions"})");
  EXPECT_EQ(run(halves), "");
  auto both = positions_specimen(kPositionsOfBoth, R"({"here": "positions", "there": "positions"})");
  EXPECT_EQ(run(both), "");
}

}  // namespace attnviz::model
