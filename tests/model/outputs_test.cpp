// What is found in the output of a model, whatever containers it is wrapped in.
#include "model/outputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/zoo.h"

namespace attnviz::model {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using zoo::sentence_of;

// Rows that sum to 1.
at::Tensor weights(const std::vector<std::int64_t>& shape) {
  return zoo::fixed_numbers(shape, 3).softmax(-1);
}

c10::IValue tuple_of(std::vector<c10::IValue> elements) {
  return c10::ivalue::Tuple::create(std::move(elements));
}

c10::IValue list_of(const std::vector<at::Tensor>& tensors) { return c10::List<at::Tensor>(tensors); }

c10::IValue dict_of(const std::vector<std::pair<std::string, at::Tensor>>& entries) {
  c10::Dict<std::string, at::Tensor> dict;
  for (const auto& [key, tensor] : entries) dict.insert(key, tensor);
  return dict;
}

std::vector<std::string> paths_of(const c10::IValue& output) {
  std::vector<std::string> paths;
  for (const OutputTensor& one : output_tensors(output)) paths.push_back(one.path);
  return paths;
}

struct Found {
  std::string path;
  AttentionKind kind;
  friend bool operator==(const Found&, const Found&) = default;
};

std::vector<Found> attention_in(const c10::IValue& output, Lengths lengths, bool has_target) {
  std::vector<Found> found;
  for (const ReturnedAttention& one : find_returned_attention(output, lengths, has_target)) {
    EXPECT_EQ(one.weights.dim(), 3);
    found.push_back({one.path, one.kind});
  }
  return found;
}

}  // namespace

TEST(Outputs, AreNamedByTheWayToThemDepthFirst) {
  const at::Tensor one = torch::ones({1});
  EXPECT_THAT(paths_of(one), ElementsAre(""));
  EXPECT_THAT(paths_of(tuple_of({one, list_of({one, one}), dict_of({{"scores", one}})})),
              ElementsAre("0", "1.0", "1.1", "2.scores"));
  EXPECT_THAT(paths_of(tuple_of({c10::IValue(), 3, one})), ElementsAre("2"))
      << "what is no tensor has a place, but no name";
}

TEST(Outputs, AreDescribedForPeople) {
  const at::Tensor one = torch::ones({1, 2, 3});
  EXPECT_EQ(describe_output(one), "Tensor [1, 2, 3]");
  EXPECT_EQ(describe_output(tuple_of({one, c10::IValue(), 2})), "tuple(Tensor [1, 2, 3], None, Int)");
  EXPECT_EQ(describe_output(dict_of({{"logits", one}})), "dict(logits: Tensor [1, 2, 3])");
  const std::string many = describe_output(list_of(std::vector<at::Tensor>(40, one)));
  EXPECT_THAT(many, testing::EndsWith(", …)"));
  EXPECT_LT(many.size(), 150U);
}

TEST(Logits, AreTheFirstTensorOfTheirShape) {
  const at::Tensor logits = torch::rand({1, 5, 16}), ids = torch::zeros({1, 5, 2}, torch::kInt64);
  const c10::IValue output = tuple_of({torch::rand({1, 4, 16}), ids, logits, torch::rand({1, 5, 8})});
  EXPECT_TRUE(find_logits(output, std::nullopt, 5).equal(logits));
  EXPECT_EQ(find_logits(output, "3", 5).size(2), 8) << "where the config says";
}

TEST(Logits, ThatAreNotThereAreAskedForWithWhatThereIs) {
  const c10::IValue output = dict_of({{"states", torch::rand({1, 5, 16})}});
  EXPECT_THAT(sentence_of([&] { find_logits(output, std::nullopt, 6); }),
              HasSubstr("returns dict(states: Tensor [1, 5, 16]), in which there are no logits [1, 6, "
                        "vocabulary]; say where they are with \"logits\" in attnviz.json"));
  EXPECT_THAT(sentence_of([&] { find_logits(output, "scores", 5); }), HasSubstr("vocabulary] at \"scores\""));
}

TEST(ReturnedAttention, IsFoundInEveryLayoutOfItsLayers) {
  const Lengths lengths{6, 0};
  using enum AttentionKind;
  EXPECT_THAT(attention_in(weights({2, 6, 6}), lengths, false), ElementsAre(Found{"", kSelf}));
  EXPECT_THAT(attention_in(list_of({weights({1, 2, 6, 6}), weights({1, 2, 6, 6})}), lengths, false),
              ElementsAre(Found{"0", kSelf}, Found{"1", kSelf}));
  EXPECT_THAT(attention_in(tuple_of({torch::rand({1, 6, 8}), weights({3, 1, 2, 6, 6})}), lengths, false),
              ElementsAre(Found{"1/0", kSelf}, Found{"1/1", kSelf}, Found{"1/2", kSelf}));
  EXPECT_THAT(attention_in(weights({1, 2, 4, 6, 6}), lengths, false),
              ElementsAre(Found{"/0", kSelf}, Found{"/1", kSelf}));
}

TEST(ReturnedAttention, OfTwoSidesIsToldByItsLengths) {
  using enum AttentionKind;
  const c10::IValue output = list_of({weights({2, 4, 4}), weights({2, 4, 6}), weights({2, 6, 6})});
  EXPECT_THAT(attention_in(output, {6, 4}, true),
              ElementsAre(Found{"0", kDecoder}, Found{"1", kCross}, Found{"2", kEncoder}));
  EXPECT_THAT(attention_in(list_of({weights({2, 6, 4})}), {6, 4}, true), ElementsAre())
      << "the source looks at no target";
}

TEST(ReturnedAttention, IsNoneWhereRowsAreNoDistribution) {
  const Lengths lengths{6, 0};
  EXPECT_THAT(attention_in(weights({2, 6, 6}) * 1.05, lengths, false), ElementsAre()) << "sums";
  at::Tensor negative = weights({2, 6, 6});
  negative.select(2, 0) -= 0.5;
  negative.select(2, 1) += 0.5;
  EXPECT_THAT(attention_in(negative, lengths, false), ElementsAre()) << "negative weights";
  EXPECT_THAT(attention_in(weights({2, 5, 6}), lengths, false), ElementsAre()) << "not square";
  EXPECT_THAT(attention_in(torch::ones({2, 6, 6}, torch::kInt64), lengths, false), ElementsAre()) << "ids";
  EXPECT_THAT(attention_in(weights({2, 6, 6}).to(torch::kBFloat16), lengths, false), testing::SizeIs(1))
      << "as bfloat16 rounds it";
}

TEST(ReturnedAttention, IsFoundAgainByItsPlaceWithTheKindOfThen) {
  const c10::IValue first = list_of({weights({2, 4, 4}), weights({2, 4, 6})});
  const auto found = find_returned_attention(first, {6, 4}, true);
  const c10::IValue equal = list_of({weights({2, 5, 5}), weights({2, 5, 5})});
  const auto again = returned_attention_at(equal, found);
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(again[0].kind, AttentionKind::kDecoder);
  EXPECT_EQ(again[1].kind, AttentionKind::kCross) << "though the lengths no longer tell";
}

}  // namespace attnviz::model
