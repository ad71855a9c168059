// Files that are no sound TorchScript archive end in one sentence, whatever is wrong with them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <random>

#include "model/archive.h"
#include "model/file_access.h"
#include "model/zips.h"
#include "model/zoo.h"

namespace attnviz {

namespace {

using testing::HasSubstr;
using zoo::make_zip;
using zoo::Part;
using zoo::part;
using zoo::parts_of;
using zoo::TemporaryFolder;
using zoo::without;

constexpr const char* kGood = "gpt-traced-1.13.pt";

// The sentence that loading and looking inside ends with; "" when both work. Anything but Error(kInput) fails
// the test.
std::string refusal(const std::string& path) {
  zoo::KeepingListener listener;
  LoadOptions options;
  options.model = path;
  try {
    Model::load(options, listener)->info();
  } catch (const Error& error) {
    const std::string sentence = error.what();
    EXPECT_EQ(error.kind(), ErrorKind::kInput) << sentence;
    EXPECT_EQ(sentence.find('\n'), std::string::npos) << sentence;
    EXPECT_LT(sentence.size(), 600U) << sentence;
    return sentence.empty() ? "an empty sentence" : sentence;
  }
  return {};
}

std::string refusal_of_bytes(const std::string& bytes) {
  const TemporaryFolder folder;
  folder.write("model.pt", bytes);
  return refusal(folder.path("model.pt"));
}

std::string refusal_of(const std::vector<Part>& parts) { return refusal_of_bytes(make_zip(parts)); }

std::vector<Part> good_parts() { return parts_of(zoo::data_path(kGood)); }

// A good archive after `change`.
template <class Change>
std::string refusal_after(Change&& change) {
  std::vector<Part> parts = good_parts();
  change(parts);
  return refusal_of(parts);
}

}  // namespace

TEST(BadArchives, TheTestsOwnZipFilesAreGood) { EXPECT_EQ(refusal_of(good_parts()), ""); }

TEST(BadArchives, FilesOfOtherKindsAreCalledByTheirName) {
  EXPECT_THAT(refusal_of_bytes("{\"a\": 1}"), HasSubstr("is not a TorchScript file (a zip archive)"));
  EXPECT_THAT(refusal_of_bytes("\x1f\x8b\x08 gzip"), HasSubstr("is not a TorchScript file"));
  EXPECT_THAT(refusal_of_bytes(make_zip({})), HasSubstr("is not a TorchScript file"));
  EXPECT_THAT(refusal_of({{"a.txt", "hello"}}), HasSubstr("is a zip archive without TorchScript code"));
  EXPECT_THAT(refusal_of({{"m/a.txt", "x"}, {"n/code/b.py", ""}}), HasSubstr("without TorchScript code"));
  EXPECT_THAT(refusal_of({{"word/document.xml", "<w/>"}}), HasSubstr("without TorchScript code"));
}

TEST(BadArchives, WhatIsNoRegularFileIsNotRead) {
  const TemporaryFolder folder;
  EXPECT_THAT(refusal("/dev/zero"), HasSubstr("is not a regular file"));
  ASSERT_EQ(mkfifo(folder.path("pipe").c_str(), 0600), 0);
  EXPECT_THAT(refusal(folder.path("pipe")), HasSubstr("is not a regular file"));
  EXPECT_THAT(refusal(folder.path()), HasSubstr("has no model.pt in it"));
  ASSERT_EQ(mkdir(folder.path("model.pt").c_str(), 0700), 0);
  EXPECT_THAT(refusal(folder.path()), HasSubstr("is not a regular file"));
}

TEST(BadArchives, NamesThatLeadElsewhereAreNotOpened) {
  for (const char* name : {"../m/x", "/etc/passwd", "m/../../x", "m/..", "m\\..\\x", ""}) {
    EXPECT_THAT(refusal_after([&](auto& parts) {
                  parts.push_back({name, "x"});
                }),
                HasSubstr("whose name leads elsewhere"))
        << name;
  }
}

TEST(BadArchives, EntriesThatContradictThemselvesAreDamage) {
  const auto with = [](const Part& one) { return refusal_after([&](auto& parts) { parts.push_back(one); }); };
  EXPECT_THAT(with(good_parts()[0]), HasSubstr("it has two entries"));
  EXPECT_THAT(with({"gpt-traced-1.13/a", "x", 7U}), HasSubstr("/a' is not what its checksum says"));
  EXPECT_THAT(with({"gpt-traced-1.13/a", "x", {}, {}, "gpt-traced-1.13/b"}),
              HasSubstr("/b' is not where the directory says"));
  EXPECT_THAT(with({"gpt-traced-1.13/a", "x", {}, {}, {}, 99}), HasSubstr("/a' is packed in an unknown way"));
  EXPECT_THAT(with({"gpt-traced-1.13/a", "x", {}, {}, {}, 0, 1}), HasSubstr("/a' is encrypted"));
  EXPECT_THAT(with({"gpt-traced-1.13/a", "x", {}, {}, {}, 0, 0, 1}), HasSubstr("/a' has two sizes"));
  EXPECT_THAT(with({"gpt-traced-1.13/a", "x", {}, {}, {}, 8}), HasSubstr("/a' cannot be unpacked"));
  EXPECT_THAT(with({"gpt-traced-1.13/a", "x", {}, 1U << 20U}), HasSubstr("/a' is longer than the file"));
}

TEST(BadArchives, BombsAreNotUnpacked) {
  Part bomb{"m/a", std::string(1000, '\0'), {}, {}, {}, 8};
  bomb.unpacked_more = 0xF0000000U;
  EXPECT_THAT(refusal_after([&](auto& parts) { parts.push_back(bomb); }),
              HasSubstr("would unpack to more than"));
  EXPECT_THAT(refusal_after([&](auto& parts) {
                for (int i = 0; i < 2000; ++i)
                  parts.push_back({"m/" + std::to_string(i), "", {}, {}, {}, 8, 0, 1U << 20U});
              }),
              HasSubstr("would unpack to more than"));
}

TEST(BadArchives, AMissingRecordIsNamed) {
  for (const char* record : {"version", "data.pkl", "constants.pkl"}) {
    EXPECT_THAT(refusal_of(without(good_parts(), record)),
                HasSubstr("lacks the record " + std::string(record)));
  }
  EXPECT_THAT(refusal_of(without(good_parts(), ".py")), HasSubstr("holds weights without code"));
  EXPECT_THAT(refusal_of(without(good_parts(), "/data/0")), HasSubstr("lacks the record data/0"));
}

TEST(BadArchives, ATensorThatIsShorterThanItSaysIsNotRead) {
  EXPECT_THAT(refusal_after([](auto& parts) { part(parts, "/data/0").content.resize(4); }),
              HasSubstr("in data.pkl, its tensor '0' has 4 bytes of"));
  EXPECT_THAT(refusal_after([](auto& parts) { part(parts, "data.pkl").content.resize(40); }),
              HasSubstr("in data.pkl, it ends too early"));
}

TEST(BadArchives, AnUnknownVersionIsSaid) {
  EXPECT_THAT(refusal_after([](auto& parts) { part(parts, "version").content = "999\n"; }),
              HasSubstr("has file format 999"));
  EXPECT_NE(refusal_after([](auto& parts) { part(parts, "version").content = "many"; }), "");
  EXPECT_NE(refusal_after([](auto& parts) { part(parts, "version").content = ""; }), "");
}

class Damage : public testing::TestWithParam<const char*> {};

TEST_P(Damage, ByFlippedBitsIsASentence) {
  const std::string whole = read_file(zoo::data_path(GetParam())).value();
  std::mt19937 random(11);
  int refused = 0;
  for (int i = 0; i < 300; ++i) {
    std::string bytes = whole;
    for (std::size_t flips = 1 + random() % 3; flips > 0; --flips) {
      bytes[random() % bytes.size()] ^= static_cast<char>(1U << random() % 8);
    }
    refused += refusal_of_bytes(bytes).empty() ? 0 : 1;
  }
  EXPECT_GT(refused, 250);
}

TEST_P(Damage, ByCuttingIsASentence) {
  const std::string whole = read_file(zoo::data_path(GetParam())).value();
  std::mt19937 random(12);
  for (int i = 0; i < 100; ++i) {
    EXPECT_NE(refusal_of_bytes(whole.substr(0, random() % whole.size())), "");
  }
  EXPECT_THAT(refusal_of_bytes(whole.substr(0, whole.size() - 1)), HasSubstr("damaged or cut short"));
  EXPECT_THAT(refusal_of_bytes(whole + "x"), HasSubstr("there is something after the zip file's end"));
}

INSTANTIATE_TEST_SUITE_P(Zoo, Damage, testing::Values(kGood, "transformer-scripted-2.6.pt"));

TEST(FileCalls, AreFoundInWhateverWayTheyAreWritten) {
  for (const char* code :
       {"torch.save(x, \"f\")", "ops.aten.save(x, \"f\")", "x.save(\"f\")", "torch . from_file\n  (\"f\")",
        "torch.\\\n save(x)", "torch.#\nsave(x)", "a = \"\\\"\"; x.save(a)",
        "getattr(torch, \"save\")(x, \"f\")", "getattr(f(x), 'from_file')(1)",
        "getattr(torch, \"sa\" \"ve\")(x)", "getattr(torch, \"sa\\x76e\")(x)"}) {
    EXPECT_NE(find_file_call(code), std::nullopt) << code;
  }
}

TEST(FileCalls, AreNotSeenWhereThereAreNone) {
  for (const char* code : {"x = \"torch.save(x)\"", "# torch.save(x)", "torch.saved(x)", "self.save",
                           "save(x)", "self.save.forward(x)", "getattr(self.layers, \"0\")",
                           "'''x.save(1)'''", "x = \"don't\"; y.size(0)", "\"unclosed .save("}) {
    EXPECT_EQ(find_file_call(code), std::nullopt) << code;
  }
}

TEST(FileCalls, AreRefusedInMethodsThatForwardDoesNotCall) {
  const std::string source = R"(
def forward(self, input_ids: Tensor):
    x = torch.embedding(self.table, input_ids)
    return torch.matmul(torch.softmax(torch.matmul(x, x.transpose(1, 2)), -1), x)
def keep(self, x: Tensor):
    torch.save(x, "/tmp/attnviz-was-here")
    return x
)";
  EXPECT_THAT(zoo::sentence_of([&] {
                zoo::build(source, {{"table", torch::ones({16, 8})}});
              }),
              HasSubstr("calls save in 'code/__torch__.py', which reads or writes files"));
}

TEST(FileCalls, AreRefusedInSubmodules) {
  torch::jit::Module inner("__torch__.Inner");
  inner.define("def forward(self, x: Tensor):\n    torch.save(x, \"f\")\n    return x\n");
  torch::jit::Module outer("__torch__.Outer");
  outer.register_module("inner", inner);
  outer.define("def forward(self, x: Tensor):\n    return self.inner.forward(x)\n");
  const TemporaryFolder folder;
  outer.save(folder.path("model.pt"));
  EXPECT_THAT(refusal(folder.path("model.pt")), HasSubstr("which reads or writes files"));
}

}  // namespace attnviz
