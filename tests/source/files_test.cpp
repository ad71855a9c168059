// Where a model lies, what kind of file it is, what lies beside it, and its hash.
#include "source/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/script.h>

#include "source/support.h"

namespace attnviz::source {

using testing::HasSubstr;
using zoo::refusal;
using zoo::TemporaryFolder;

TEST(Files, ThatAreNoTorchScriptAreRefusedByWhatTheyAre) {
  const TemporaryFolder folder;
  EXPECT_THAT(refusal(folder.path("nothing.pt")), HasSubstr("there is no model"));
  EXPECT_THAT(refusal(folder.path()), HasSubstr("has no model.pt in it"));
  folder.write("empty.pt", "");
  EXPECT_THAT(refusal(folder.path("empty.pt")), HasSubstr("is an empty file"));
  folder.write("text.pt", "not a model");
  EXPECT_THAT(refusal(folder.path("text.pt")), HasSubstr("is not a TorchScript file (a zip archive)"));
  const std::string whole = read_file(zoo::data_path("gpt-traced-1.13.pt")).value();
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
  const auto source = ModelSource::open(folder.path());
  EXPECT_EQ(source->describe().config.eos, std::vector<std::int64_t>{5});
  const std::vector<std::string_view> names = {"vocab.txt", "attnviz.json", "merges.txt"};
  const auto found = source->companions(names);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].bytes, "a\nb\n");
  EXPECT_EQ(found[1].where, "attnviz.json in model.pt");
  EXPECT_EQ(source->describe(folder.path("attnviz.json")).config.eos, std::vector<std::int64_t>{6});
}

}  // namespace attnviz::source
