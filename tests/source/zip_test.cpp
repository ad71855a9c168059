// Zip files are read whole or refused: what comes out is what its checksum says, whatever is done to the
// bytes.
#include "source/zip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <sstream>

#include "source/support.h"
#include "source/zips.h"

namespace attnviz::source {

namespace {

using testing::HasSubstr;
using zoo::make_zip;
using zoo::sentence_of;

ZipFile opened(const std::string& bytes) {
  return ZipFile(std::make_unique<std::istringstream>(bytes), "the file");
}

// The contents of all entries by their names, or nothing where the file is refused.
std::optional<std::map<std::string, std::string>> contents_of(const std::string& bytes) {
  try {
    ZipFile zip = opened(bytes);
    zip.verify();
    std::map<std::string, std::string> contents;
    for (const ZipEntry& entry : zip.entries()) contents[entry.name] = zip.read(entry);
    return contents;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_THAT(error.what(), HasSubstr("the file"));
    return std::nullopt;
  }
}

const std::string kTwo = make_zip({{.name = "a/one", .content = "first"}, {.name = "a/two", .content = ""}});

}  // namespace

TEST(Zip, GivesItsEntriesByTheirNames) {
  ZipFile zip = opened(kTwo);
  ASSERT_EQ(zip.entries().size(), 2U);
  EXPECT_EQ(zip.read(*zip.find("a/one")), "first");
  EXPECT_EQ(zip.read(*zip.find("a/two")), "");
  EXPECT_EQ(zip.find("a/thr"), nullptr);
  EXPECT_NO_THROW(zip.verify());
}

TEST(Zip, ThatIsCutAnywhereIsRefused) {
  for (std::size_t length = 0; length < kTwo.size(); ++length)
    EXPECT_EQ(contents_of(kTwo.substr(0, length)), std::nullopt) << length << " of " << kTwo.size();
}

// A bit of a date or of a version may be anything; of what is told by it nothing else may come out.
TEST(Zip, WithAnyBitTurnedIsRefusedOrHasTheSameContents) {
  for (std::size_t i = 0; i < kTwo.size() * 8; ++i) {
    std::string turned = kTwo;
    turned[i / 8] = static_cast<char>(turned[i / 8] ^ (1 << (i % 8)));
    const auto contents = contents_of(turned);
    if (!contents) continue;
    for (const auto& [name, content] : *contents)
      EXPECT_TRUE(content == "first" || content.empty()) << "bit " << i << " gives '" << content << "'";
  }
}

TEST(Zip, NamesTheEntryWhoseContentIsNotWhatItsChecksumSays) {
  const std::string bytes = make_zip({{.name = "a/one", .content = "first", .checksum = 7}});
  ZipFile zip = opened(bytes);
  EXPECT_THAT(sentence_of([&] { zip.verify(); }), HasSubstr("a/one"));
  EXPECT_THAT(sentence_of([&] { zip.read(zip.entries()[0]); }), HasSubstr("a/one"));
}

TEST(Zip, WithOneNameTwiceIsRefused) {
  EXPECT_NE(sentence_of([] {
              opened(make_zip({{.name = "a/one", .content = "x"}, {.name = "a/one", .content = "y"}}));
            }),
            "");
}

}  // namespace attnviz::source
