// Damage that no check of the archive sees still ends in one sentence: loading and looking inside never
// crash.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "model/zoo.h"
#include "source/zips.h"

namespace attnviz::model {

namespace {

using source::read_file;
using source::zoo::Part;
using testing::HasSubstr;
using testing::Not;

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
  const zoo::TemporaryFolder folder;
  folder.write("model.pt", bytes);
  return refusal(folder.path("model.pt"));
}

// The archive kGood whose record `ending` holds `content`.
std::string refusal_with(const std::string& ending, const std::string& content) {
  std::vector<Part> parts = source::zoo::parts_of(zoo::data_path(kGood));
  source::zoo::part(parts, ending).content = content;
  return refusal_of_bytes(source::zoo::make_zip(parts));
}

}  // namespace

TEST(BadArchives, ABrokenVersionIsSaidWithoutNamesOfTorchsOwnFiles) {
  EXPECT_THAT(refusal_with("version", "999\n"), HasSubstr("has file format 999"));
  for (const char* version : {"many", "", "99999999999999999999", "0", "-3"}) {
    const std::string sentence = refusal_with("version", version);
    EXPECT_NE(sentence, "") << version;
    EXPECT_THAT(sentence, Not(HasSubstr(".cc"))) << version;
    EXPECT_THAT(sentence, Not(HasSubstr("enforce fail"))) << version;
  }
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

}  // namespace attnviz::model
