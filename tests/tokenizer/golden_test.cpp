// Every line of the golden files of the reference, where they are at hand. Prints the table of agreement.
#include "golden.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "attnviz/tokenizer.h"
#include "core/utf8.h"

namespace attnviz::tokenizer {
namespace {

using nlohmann::json;

std::int64_t characters(std::string_view text, std::int64_t bytes) {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < bytes; ++i) {
    count += utf8::is_continuation(text[static_cast<std::size_t>(i)]) ? 0 : 1;
  }
  return count;
}

json ids_of(const Encoding& encoding) {
  json ids = json::array();
  for (const Token& token : encoding.tokens) ids.push_back(token.id);
  return ids;
}

struct Agreement {
  int lines = 0, ids = 0, plain = 0, offsets = 0, special = 0;
};

void compare(const Tokenizer& tokenizer, const json& line, Agreement& agreement) {
  const std::string text = line["text"];
  const Encoding encoding = tokenizer.encode(text);
  json offsets = json::array();
  json special = json::array();
  for (const Token& token : encoding.tokens) {
    offsets.push_back({characters(text, token.reference.begin), characters(text, token.reference.end)});
    special.push_back(token.sequence < 0 ? 1 : 0);
  }
  const std::string name = line["name"];
  const auto same = [&](const char* what, const json& got, int& count) {
    if (!line.contains(what) || line[what] == got) {
      ++count;
    } else {
      ADD_FAILURE() << name << ": " << what << " differ\n  reference " << line[what] << "\n  attnviz   "
                    << got;
    }
  };
  ++agreement.lines;
  same("ids", ids_of(encoding), agreement.ids);
  same("ids_plain", ids_of(tokenizer.encode(text, std::nullopt, false)), agreement.plain);
  same("offsets", offsets, agreement.offsets);
  same("special", special, agreement.special);
}

class Golden : public testing::TestWithParam<test::Family> {};

TEST_P(Golden, EveryLineAgreesWithTheReference) {
  const test::Family& family = GetParam();
  if (!test::has_golden(family)) GTEST_SKIP() << test::kNoGolden;
  const auto tokenizer = test::load_family(family);
  ASSERT_NE(tokenizer, nullptr);
  Agreement agreement;
  test::for_each_golden(family, [&](const json& line) { compare(*tokenizer, line, agreement); });
  std::printf("%-20s %4d lines   ids %4d   without special %4d   offsets %4d   special mask %4d\n",
              family.name.c_str(), agreement.lines, agreement.ids, agreement.plain, agreement.offsets,
              agreement.special);
  EXPECT_GT(agreement.lines, 100);
}

INSTANTIATE_TEST_SUITE_P(Families, Golden, testing::ValuesIn(test::kFamilies), test::name_of);

}  // namespace
}  // namespace attnviz::tokenizer
