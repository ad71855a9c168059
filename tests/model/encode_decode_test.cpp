// Encoder–decoders with methods encode and decode: which of them are run, in what order, and how often.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/reference.h"
#include "model/zoo.h"

namespace attnviz::model {

namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using zoo::KeepingListener;
using zoo::KeepingSink;
using zoo::sentence_of;

// A block of encoder, and one of decoder, as methods that the sources below are made of.
const std::string kBlocks = R"(
def encoded(self, ids: Tensor):
    m = self.embed(ids)
    return self.attend(m, m)
def decoded(self, ids: Tensor, m: Tensor):
    y = self.embed(ids)
    y = self.attend(y, y)
    return torch.matmul(self.attend(y, m), self.table.t())
)";

const std::string kForward = R"(
def forward(self, src: Tensor, tgt: Tensor):
    return self.decoded(tgt, self.encoded(src))
)";

const std::string kEncode = R"(
def encode(self, src: Tensor):
    return self.encoded(src)
)";

const std::string kDecode = R"(
def decode(self, tgt: Tensor, memory: Tensor):
    return self.decoded(tgt, memory)
)";

zoo::Specimen specimen_of(const std::string& source, const std::string& config = {}) {
  return zoo::build(zoo::attending_methods() + kBlocks + source, zoo::common_parameters(), config);
}

std::vector<AttentionKind> kinds_of(const std::vector<AttentionSite>& sites) {
  std::vector<AttentionKind> kinds;
  for (const AttentionSite& site : sites) kinds.push_back(site.kind);
  return kinds;
}

// What `specimen` returns and captures is what the model with a forward of two arguments does.
void expect_like_forward(zoo::Specimen& specimen) {
  auto whole = specimen_of(kForward);
  const ModelInputs inputs = zoo::some_inputs(6, 4);
  KeepingSink expected;
  whole.model->run(inputs, {}, expected);
  KeepingSink sink;
  EXPECT_THAT(kinds_of(specimen.model->run(inputs, {}, sink)),
              ElementsAre(AttentionKind::kEncoder, AttentionKind::kDecoder, AttentionKind::kCross));
  for (const auto& [kind, layers] : expected.layers) {
    EXPECT_TRUE(layers[0].equal(sink.layers[kind].at(0))) << to_string(kind);
  }
  EXPECT_EQ(zoo::difference(specimen.torch_model().forward(inputs), whole.torch_model().forward(inputs)), 0);
  KeepingListener listener;
  EXPECT_EQ(specimen.model->generate(zoo::some_inputs(6, 1), 5, listener).ids,
            whole.model->generate(zoo::some_inputs(6, 1), 5, listener).ids);
}

}  // namespace

class Halves : public testing::TestWithParam<std::pair<std::string, std::string>> {};

TEST_P(Halves, AreRunOneAfterTheOther) {
  auto specimen = specimen_of(GetParam().second);
  EXPECT_EQ(specimen.model->info().task, Task::kSeq2Seq);
  EXPECT_EQ(specimen.model->info().dry_run_failure, "");
  expect_like_forward(specimen);
}

INSTANTIATE_TEST_SUITE_P(
    Methods, Halves,
    testing::Values(
        std::pair("TargetFirst", kEncode + kDecode),
        std::pair(
            "MemoryFirst",
            kEncode +
                "\ndef decode(self, enc_out: Tensor, tgt: Tensor):\n    return self.decoded(tgt, enc_out)\n"),
        std::pair("IdsThatAreTheTargets",
                  kEncode + "\ndef decode(self, input_ids: Tensor, encoder_hidden_states: Tensor):\n"
                            "    return self.decoded(input_ids, encoder_hidden_states)\n"),
        std::pair("NamesThatSayNothing",
                  "\ndef encode(self, a: Tensor):\n    return self.encoded(a)\n"
                  "def decode(self, b: Tensor, c: Tensor):\n    return self.decoded(b, c)\n"),
        std::pair(
            "OneNameThatSaysSomething",
            kEncode +
                "\ndef decode(self, states: Tensor, tgt: Tensor):\n    return self.decoded(tgt, states)\n"),
        std::pair("Masks",
                  "\ndef encode(self, src: Tensor, src_key_padding_mask: Optional[Tensor] = None):\n"
                  "    return self.encoded(src)\n"
                  "def decode(self, tgt: Tensor, memory: Tensor, tgt_mask: Tensor,\n"
                  "           memory_key_padding_mask: Tensor):\n"
                  "    assert tgt_mask.size(1) == tgt.size(1)\n"
                  "    assert memory_key_padding_mask.size(1) == memory.size(1)\n"
                  "    return self.decoded(tgt, memory)\n"),
        std::pair("ATuplePassedOn",
                  "\ndef encode(self, src: Tensor):\n    return self.encoded(src), src\n"
                  "def decode(self, tgt: Tensor, memory: Tuple[Tensor, Tensor]):\n"
                  "    return self.decoded(tgt, memory[0])\n"),
        std::pair("ATupleOfWhichTheStatesAreWanted",
                  "\ndef encode(self, src: Tensor):\n    return src, self.encoded(src)\n" + kDecode),
        std::pair("AForwardThatEncodes",
                  kEncode + kDecode + "\ndef forward(self, src: Tensor):\n    return self.encode(src)\n"),
        std::pair("AForwardThatCannotBeCalled",
                  kEncode + kDecode +
                      "\ndef forward(self, src: Tensor, what: int):\n    return self.encode(src)\n")),
    [](const auto& one) { return one.param.first; });

TEST(EncodeDecode, EncodesOnceForAGeneration) {
  auto counting = specimen_of(R"(
def encode(self, src: Tensor):
    self.wq.add_(1.0)
    return self.encoded(src)
def decode(self, tgt: Tensor, memory: Tensor):
    count = torch.round(self.wq[0, 0] * 2.0).to(4) % 16
    return torch.one_hot(count, 16).to(6).expand([1, tgt.size(1), 16]) + 0.0 * self.decoded(tgt, memory)
)");
  KeepingListener listener;
  const auto first = counting.model->generate(zoo::some_inputs(6, 1), 5, listener).ids;
  const auto second = counting.model->generate(zoo::some_inputs(6, 1), 5, listener).ids;
  EXPECT_EQ(first, std::vector<std::int64_t>(5, first[0]));
  EXPECT_EQ(second, std::vector<std::int64_t>(5, (first[0] + 2) % 16));
}

TEST(EncodeDecode, BesideAForwardServeGenerationAlone) {
  const std::string limited = R"(
def forward(self, src: Tensor, tgt: Tensor):
    assert tgt.size(1) < 6, "too long"
    return self.decoded(tgt, self.encoded(src))
)";
  auto specimen = specimen_of(limited + kEncode + kDecode);
  EXPECT_EQ(specimen.model->info().inputs.size(), 2U);
  KeepingListener listener;
  EXPECT_EQ(specimen.model->generate(zoo::some_inputs(6, 1), 9, listener).ids.size(), 9U);
  auto alone = specimen_of(limited);
  EXPECT_THAT(sentence_of([&] { alone.model->generate(zoo::some_inputs(6, 1), 9, listener); }),
              HasSubstr("too long"));
}

TEST(EncodeDecode, ThatDoNotGiveWhatForwardGivesAreNotUsed) {
  auto specimen = specimen_of(kForward + kEncode + R"(
def decode(self, tgt: Tensor, memory: Tensor):
    return -self.decoded(tgt, memory)
)");
  expect_like_forward(specimen);
  auto hidden = specimen_of(kForward + kEncode + R"(
def decode(self, tgt: Tensor, memory: Tensor):
    return self.embed(tgt) + memory.sum()
)");
  expect_like_forward(hidden);
}

TEST(EncodeDecode, ListTheirArgumentsOnce) {
  auto specimen = specimen_of(R"(
def encode(self, src: Tensor, src_key_padding_mask: Tensor):
    return self.encoded(src)
def decode(self, tgt: Tensor, memory: Tensor, src_key_padding_mask: Tensor):
    return self.decoded(tgt, memory)
)");
  std::string roles;
  for (const ModelInput& input : specimen.model->info().inputs)
    roles += input.name + "=" + to_string(input.role) + " ";
  EXPECT_EQ(roles, "src=ids src_key_padding_mask=mask tgt=target_ids memory=memory ");
  EXPECT_EQ(specimen.model->info().vocabulary, 16);
  EXPECT_EQ(specimen.model->info().target_vocabulary, 16);
}

TEST(EncodeDecode, TakeRolesFromTheConfig) {
  const std::string source = kEncode + R"(
def decode(self, first: Tensor, second: Tensor, scale: float):
    return self.decoded(second, first) * scale
)";
  auto specimen = specimen_of(source, R"({"inputs": {"second": "target_ids", "scale": 1.0}})");
  expect_like_forward(specimen);
  EXPECT_THAT(sentence_of([&] { specimen_of(source, R"({"inputs": {"third": "target_ids"}})"); }),
              HasSubstr("attnviz.json gives a role to 'third', but encode takes (src)"));
}

TEST(EncodeDecode, OfAModelThatIsSaidToBeAnEncoderAreLeftAlone) {
  auto specimen =
      specimen_of(kEncode + kDecode + "\ndef forward(self, src: Tensor):\n    return self.encode(src)\n",
                  R"({"task": "encoder"})");
  KeepingSink sink;
  EXPECT_THAT(kinds_of(specimen.model->run(zoo::some_inputs(6), {}, sink)),
              ElementsAre(AttentionKind::kSelf));
}

TEST(EncodeDecode, WithoutEachOtherOrAForwardAreRefused) {
  EXPECT_THAT(
      sentence_of([&] { specimen_of(kEncode); }),
      HasSubstr("has no method forward that attnviz could call, nor encode(source) and decode(target, "
                "memory)"));
  EXPECT_THAT(sentence_of([&] {
                specimen_of(kEncode + "\ndef decode(self, z: Tensor):\n    return self.decoded(z, z)\n");
              }),
              HasSubstr("has no method forward"));
}

}  // namespace attnviz::model
