// Where a model lies, what kind of file it is, what lies beside it, and its hash.
#include "source/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/script.h>

#include <filesystem>

#include "source/support.h"

namespace attnviz::source {

using testing::HasSubstr;
using zoo::refusal;
using zoo::sentence_of;
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

TEST(Files, AreExplainedByWhatTorchSaysOfThem) {
  const auto source = ModelSource::open(zoo::data_path("gpt-traced-1.13.pt"));
  const auto expect = [&](const std::string& said, const std::string& words) {
    const std::string sentence = source->explain("torch: " + said + "\n at somewhere.cc:12");
    EXPECT_THAT(sentence, HasSubstr("gpt-traced-1.13.pt' " + words));
    EXPECT_EQ(sentence.find(".cc"), std::string::npos) << sentence;
  };
  expect("Unknown builtin op: zoo::magic.", "uses the operator zoo::magic, which libtorch ");
  expect("Unknown type name '__torch__.torch.classes.zoo.Cage'",
         "uses the class __torch__.torch.classes.zoo.Cage of a library");
  expect("following variants are available:\n  \n  aten::mean(Tensor self)",
         "calls the operator aten::mean ");
  expect("failed locating file data/7: file not found", "lacks the record data/7 that its data refer to");
  expect("with version 99, but the maximum supported version for reading is 10",
         "has file format 99, libtorch ");
  expect("with version 0, but the minimum supported version for reading is 1",
         "has file format 0, libtorch ");
  expect("false INTERNAL ASSERT FAILED at", "is damaged: its records do not hold");
  EXPECT_EQ(source->explain("something else"), "");
}

TEST(Files, AreReadAsTheyAre) {
  const TemporaryFolder folder;
  const std::string bytes("a\0\xFF\r\n", 5);
  folder.write("some", bytes);
  folder.write("none", "");
  folder.write("long", std::string(200'001, 'x'));
  EXPECT_EQ(read_file(folder.path("some")), bytes);
  EXPECT_EQ(read_file(folder.path("none")), "");
  EXPECT_EQ(read_file(folder.path("long")).value().size(), 200'001U);
  EXPECT_EQ(read_file(folder.path("absent")), std::nullopt);
}

TEST(Files, ThatAreNoneAreSaidToBeSo) {
  const TemporaryFolder folder;
  EXPECT_THAT(sentence_of([&] { read_file(folder.path()); }), HasSubstr("is no file"));
  std::filesystem::create_symlink("nowhere", folder.path("dangling"));
  EXPECT_THAT(sentence_of([&] { read_file(folder.path("dangling")); }),
              HasSubstr("is a link that leads nowhere; mend it, or remove it"));
  EXPECT_THAT(sentence_of([] { read_file("/dev/zero"); }), HasSubstr("'/dev/zero' is no file"));
}

TEST(Files, OfAModelLieInItsFolderOrAreTheModel) {
  const TemporaryFolder folder;
  folder.write("model.pt", "a");
  folder.write("other.pt", "b");
  const ModelFile inside = find_model_file(folder.path());
  EXPECT_EQ(inside.path, folder.path("model.pt"));
  EXPECT_EQ(inside.name, "model.pt");
  EXPECT_EQ(inside.folder, folder.path());
  EXPECT_EQ(find_model_file(folder.path("other.pt")).name, "other.pt");
  EXPECT_THAT(sentence_of([] { find_model_file("/dev/null"); }), HasSubstr("is not a regular file"));
  EXPECT_THAT(sentence_of([&] { sha256_of_file(folder.path("gone.pt")); }), HasSubstr("gone.pt"));
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
