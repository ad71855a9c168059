// JSON files: what is read, what is refused and with which words. The oracle is nlohmann's strict parser.
#include "tokenizer/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "attnviz/core.h"
#include "core/utf8.h"

namespace attnviz::tokenizer::json {
namespace {

using testing::HasSubstr;
using Oracle = nlohmann::json;

/// The message of the error that reading gives; empty when it is read.
std::string error_of(std::string_view bytes) {
  try {
    const Document document(bytes, "in/file.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_EQ(find_invalid_utf8(error.what()), std::nullopt);
    return error.what();
  }
  return {};
}

bool same(const Value& value, const Oracle& expected) {
  switch (value.kind) {
    case Kind::kNull: return expected.is_null();
    case Kind::kBool: return expected == Oracle(value.boolean);
    case Kind::kInteger:
      return expected.is_number_integer() && expected.get<std::int64_t>() == value.integer &&
             value.real == static_cast<double>(value.integer);
    case Kind::kReal:
      return expected.is_number() &&
             std::abs(expected.get<double>() - value.real) <= 1e-15 * std::abs(expected.get<double>());
    case Kind::kString: return expected.is_string() && expected.get<std::string>() == value.text;
    case Kind::kArray:
      if (!expected.is_array() || expected.size() != value.items.size()) return false;
      for (std::size_t i = 0; i < value.items.size(); ++i) {
        if (!same(value.items[i], expected[i])) return false;
      }
      return true;
    case Kind::kObject:
      if (!expected.is_object()) return false;
      // Of equal keys the last one counts.
      for (const auto& [key, member] : expected.items()) {
        const Value* const found = value.find(key);
        if (found == nullptr || !same(*found, member)) return false;
      }
      return std::all_of(value.items.begin(), value.items.end(),
                         [&](const Value& item) { return expected.contains(std::string(item.key)); });
  }
  return false;
}

std::string random_string(std::mt19937& random) {
  static constexpr std::string_view kParts[] = {"a",       "Ġ",       "\u4E2D",         "\U0001F44D",
                                                "\\n",     "\\\"",    "\\\\",           "\\/",
                                                "\\u0000", "\\u00e9", "\\ud83d\\udc4d", " "};
  std::string text = "\"";
  for (std::size_t n = random() % 5; n > 0; --n) text += kParts[random() % std::size(kParts)];
  return text + "\"";
}

std::string random_json(std::mt19937& random, int depth) {
  static constexpr std::string_view kScalars[] = {"null",
                                                  "true",
                                                  "false",
                                                  "0",
                                                  "-0",
                                                  "7",
                                                  "-12",
                                                  "1.5",
                                                  "-2.25e-3",
                                                  "1E+2",
                                                  "9223372036854775807",
                                                  "-9223372036854775808",
                                                  "9223372036854775808",
                                                  "18446744073709551616",
                                                  "0.1",
                                                  "1e-400",
                                                  "-10.052029609680176"};
  static constexpr std::string_view kSpaces[] = {"", "", " ", "\n\t", "\r\n"};
  const auto space = [&] { return std::string(kSpaces[random() % std::size(kSpaces)]); };
  const std::size_t kind = random() % (depth > 0 ? 5 : 3);
  if (kind == 0) return space() + random_string(random) + space();
  if (kind < 3) return space() + std::string(kScalars[random() % std::size(kScalars)]) + space();
  std::string text(1, kind == 3 ? '[' : '{');
  for (std::size_t n = random() % 5, i = 0; i < n; ++i) {
    if (i > 0) text += ",";
    if (kind == 4) text += space() + random_string(random) + space() + ":";
    text += random_json(random, depth - 1);
  }
  return space() + text + space() + (kind == 3 ? "]" : "}") + space();
}

TEST(Json, IsReadAsTheOracleReadsIt) {
  std::mt19937 random(31);
  for (int round = 0; round < 5'000; ++round) {
    const std::string text = " [" + random_json(random, 4) + "]\n";
    const Document document(text, "in/file.json");
    ASSERT_TRUE(same(document.root(), Oracle::parse(text))) << text;
  }
}

/// A byte changed, left out, put in; half of the file; two of it.
std::string damaged(std::string text, std::mt19937& random) {
  static constexpr std::string_view kBytes = "[]{}\",:\\ue0123-+.tnf \n\x01\x7F\x80\xC3\xED\xF5\xFF";
  const std::size_t at = random() % (text.size() + 1);
  const char byte = random() % 16 == 0 ? '\0' : kBytes[random() % kBytes.size()];
  switch (random() % 6) {
    case 0: return text.erase(std::min(at, text.size() - 1), 1);
    case 1: return text.insert(at, 1, byte);
    case 2: return text.substr(0, at);
    case 3: return text + text;
    default: text[std::min(at, text.size() - 1)] = byte; return text;
  }
}

TEST(Json, IsRefusedWhereTheOracleRefusesIt) {
  std::mt19937 random(37);
  int refused = 0;
  for (int round = 0; round < 40'000; ++round) {
    const std::string text = damaged("[" + random_json(random, 3) + "]", random);
    // The oracle takes a zero byte for the end of the file, and lone numbers and words.
    const bool whole =
        text.find('\0') == std::string::npos && text.find_first_of("[{") == text.find_first_not_of(" \t\r\n");
    const bool good = whole && Oracle::accept(text);
    const std::string error = error_of(text);
    ASSERT_EQ(error.empty(), good) << testing::PrintToString(text) << "\n" << error;
    refused += good ? 0 : 1;
  }
  EXPECT_GT(refused, 10'000) << "the damage is too mild";
}

TEST(Json, NamesFileAndPlaceOfDamage) {
  EXPECT_EQ(error_of("[1,]"), "in/file.json is not JSON: error at byte 3");
  EXPECT_EQ(error_of("{\"a\" 1}"), "in/file.json is not JSON: error at byte 5");
  EXPECT_EQ(error_of("[\"a\xFF\"]"), "in/file.json is not JSON: error at byte 3") << "not UTF-8";
  EXPECT_EQ(error_of("[\"a\nb\"]"), "in/file.json is not JSON: error at byte 3") << "a control character";
  EXPECT_EQ(error_of(R"(["a","b\")"), "in/file.json is not JSON: error at byte 5") << "a string without end";
  EXPECT_EQ(error_of("[true,nul]"), "in/file.json is not JSON: error at byte 6");
  EXPECT_EQ(error_of("[1] [2]"), "in/file.json is not JSON: error at byte 4") << "more than one value";
  EXPECT_EQ(error_of("\xEF\xBB\xBF[1,]"), "in/file.json is not JSON: error at byte 6") << "the mark counts";
}

TEST(Json, ErrorsKeepTheParsersWordsForVerbose) {
  try {
    const Document document("[1e400]", "file");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.detail(), HasSubstr("number"));
  }
}

TEST(Json, TakesAByteOrderMark) {
  const Document document("\xEF\xBB\xBF[1]", "file");
  EXPECT_EQ(document.root().items.at(0).integer, 1);
}

TEST(Json, RefusesWhatIsNoText) {
  EXPECT_NE(error_of(""), "");
  EXPECT_NE(error_of("   "), "");
  EXPECT_NE(error_of(std::string_view("\0", 1)), "");
  EXPECT_NE(error_of(std::string_view("[1,\0 2]", 7)), "");
  EXPECT_NE(error_of(R"("\ud800")"), "") << "half a surrogate pair";
  EXPECT_NE(error_of(R"("\udc00")"), "") << "the other half";
  EXPECT_NE(error_of(R"("\ud800\ud800")"), "");
  EXPECT_NE(error_of(R"({"\ud800":1})"), "") << "in a key";
  EXPECT_NE(error_of("\"\xED\xA0\x80\""), "") << "a surrogate as bytes";
  EXPECT_NE(error_of("\"\xC0\x80\""), "") << "an overlong form";
}

TEST(Json, KeepsZeroCharactersInStrings) {
  const Document document(R"({"a\u0000b":"x\u0000y"})", "file");
  EXPECT_EQ(document.root().items.at(0).key, std::string_view("a\0b", 3));
  EXPECT_EQ(document.root().find(std::string_view("a\0b", 3))->text, std::string_view("x\0y", 3));
}

TEST(Json, IsReadToADepthOf64) {
  const auto nested = [](int levels) {
    return std::string(static_cast<std::size_t>(levels), '[') +
           std::string(static_cast<std::size_t>(levels), ']');
  };
  EXPECT_EQ(error_of(nested(64)), "");
  EXPECT_EQ(error_of(nested(65)), "in/file.json is nested deeper than 64 levels");
  EXPECT_EQ(error_of(nested(200'000)), "in/file.json is nested deeper than 64 levels");
  std::string objects = "1";
  for (int i = 0; i < 100; ++i) objects = R"({"a":)" + objects + "}";
  EXPECT_EQ(error_of(objects), "in/file.json is nested deeper than 64 levels");
}

TEST(Json, WithoutItsEndIsAnErrorThere) {
  EXPECT_EQ(error_of("{\"a\":[1, 2"), "in/file.json is not JSON: error at byte 10");
  EXPECT_EQ(error_of("{\"a\":1\n\n"), "in/file.json is not JSON: error at byte 6");
  EXPECT_NE(error_of(std::string(200'000, '[')), "");
}

TEST(Json, TellsIntegersFromOtherNumbers) {
  const Document document("[0,-7,9223372036854775807,9223372036854775808,1.0,1e2,-9223372036854775809]",
                          "file");
  std::vector<Kind> kinds;
  for (const Value& value : document.root().items) kinds.push_back(value.kind);
  EXPECT_EQ(kinds, (std::vector{Kind::kInteger, Kind::kInteger, Kind::kInteger, Kind::kReal, Kind::kReal,
                                Kind::kReal, Kind::kReal}));
  EXPECT_EQ(document.root().items[3].real, 9223372036854775808.0);
  EXPECT_EQ(document.root().items[5].real, 100.0);
}

TEST(Json, ReadsScoresAsTheReferenceDoes_NotTheNearestDouble) {
  const Document document("[-10.052029609680176]", "file");
  EXPECT_EQ(document.root().items[0].real, -static_cast<double>(10052029609680176ULL) / 1e15);
}

TEST(Json, RefusesNumbersThatNoDoubleHolds) {
  EXPECT_NE(error_of("[1e400]"), "");
  EXPECT_NE(error_of("[-1e999999999999]"), "");
  EXPECT_EQ(error_of("[1e-400, 0e999999999]"), "");
}

TEST(Json, IsAnObjectOrAnArray) {
  EXPECT_EQ(error_of(" 7 "), "in/file.json should be JSON, an object or an array; neither is at byte 1");
  for (const std::string_view lone : {"\"a\"", "true", "falseu", "null", "-1.5", "x", "", " \n", "]", "}"}) {
    EXPECT_THAT(error_of(lone), HasSubstr("an object or an array")) << lone;
  }
}

TEST(Json, MembersAreFoundInObjectsOnly) {
  const Document document(R"([{"a":1}])", "file");
  EXPECT_EQ(document.root().find("a"), nullptr);
  EXPECT_EQ(document.root().items[0].find("a")->integer, 1);
  EXPECT_EQ(document.root().items[0].find("b"), nullptr);
}

std::string failure(const std::string& object, void (*ask)(const Fields&)) {
  const Document document(object, "in/file.json");
  try {
    ask(Fields(document.root(), document.where(), "decoder Strip"));
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

TEST(Fields, NameFileComponentMemberAndWhatWasFound) {
  EXPECT_EQ(failure("{}", [](const Fields& fields) { fields.text("content"); }),
            "in/file.json: decoder Strip: \"content\" is missing");
  EXPECT_EQ(failure(R"({"content":[]})", [](const Fields& fields) { fields.text("content"); }),
            "in/file.json: decoder Strip: \"content\" should be a string, found an array");
  EXPECT_EQ(failure(R"({"start":-1})", [](const Fields& fields) { fields.count("start"); }),
            "in/file.json: decoder Strip: \"start\" is -1, expected 0 to 2147483647");
  EXPECT_EQ(failure(R"({"start":2147483648})", [](const Fields& fields) { fields.count("start"); }),
            "in/file.json: decoder Strip: \"start\" is 2147483648, expected 0 to 2147483647");
  EXPECT_EQ(failure(R"({"start":1.0})", [](const Fields& fields) { fields.count("start"); }),
            "in/file.json: decoder Strip: \"start\" should be an integer, found a number");
  EXPECT_EQ(failure(R"({"content":"ab"})", [](const Fields& fields) { fields.character("content"); }),
            "in/file.json: decoder Strip: \"content\" should be one character, found 2 bytes");
  EXPECT_EQ(failure("[]", [](const Fields&) {}),
            "in/file.json: decoder Strip: an object was expected, found an array");
}

TEST(Fields, TakeAnIntegerForANumber) {
  EXPECT_EQ(failure(R"({"score":3})",
                    [](const Fields& fields) { EXPECT_EQ(fields.need("score", Kind::kReal).real, 3.0); }),
            "");
}

TEST(Fields, ShareTheirFileWithWhatIsInside) {
  EXPECT_EQ(failure(R"({"pattern":{}})",
                    [](const Fields& fields) {
                      fields.inside(fields.need("pattern", Kind::kObject), "its pattern").text("Regex");
                    }),
            "in/file.json: its pattern: \"Regex\" is missing");
}

}  // namespace
}  // namespace attnviz::tokenizer::json
