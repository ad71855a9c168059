// Files that are no sound TorchScript archive end in one sentence, whatever is wrong with them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "source/support.h"
#include "source/zips.h"

namespace attnviz::source {

namespace {

using testing::HasSubstr;
using zoo::make_zip;
using zoo::Part;
using zoo::part;
using zoo::parts_of;
using zoo::refusal;
using zoo::TemporaryFolder;
using zoo::without;

constexpr const char* kGood = "gpt-traced-1.13.pt";

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

}  // namespace attnviz::source
