// The manual pages against what they describe: `attnviz --help` of every command, and the JSON Schemas.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path kSource = ATTNVIZ_SOURCE_DIR;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

struct Option {
  std::string value;          ///< The name of its value, "N"; empty: a flag.
  std::string default_value;  ///< Empty: none is told.
  bool operator==(const Option&) const = default;
};

void PrintTo(const Option& option, std::ostream* out) {
  *out << "value '" << option.value << "', default '" << option.default_value << '\'';
}

using Options = std::map<std::string, Option>;

/// What `attnviz COMMAND --help` lists. An option too long for its column has its text in lines of their own.
Options options_of_help(const std::string& command) {
  const std::string line = ATTNVIZ_COMMAND " " + command + " --help";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(line.c_str(), "r"), pclose);
  std::string help;
  for (int byte; pipe && (byte = std::fgetc(pipe.get())) != EOF;) help += static_cast<char>(byte);

  static const std::regex head("^  (?:-h,|-h, )?--([a-z-]+)(?: ([A-Z=]+))?(?:  +(.*))?$");
  static const std::regex tail("^.*(?:\\(default ([^()]*)\\)|\\[([^\\[\\]]*)\\])$");
  std::map<std::string, std::pair<std::string, std::string>> found;  // value, what it does
  std::string last;
  for (const std::string& one : lines_of(help)) {
    std::smatch match;
    if (std::regex_match(one, match, head)) {
      last = match[1];
      found[last] = {match[2], match[3]};
    } else if (!last.empty() && one.starts_with("          ")) {
      found[last].second += " " + one.substr(one.find_first_not_of(' '));
    } else {
      last.clear();
    }
  }
  Options options;
  for (const auto& [name, value_and_text] : found) {
    std::smatch match;
    Option& option = options[name];
    option.value = value_and_text.first;
    if (std::regex_match(value_and_text.second, match, tail))
      option.default_value = match[1].matched ? match[1] : match[2];
  }
  return options;
}

/// Without roff's escapes of characters.
std::string plain(std::string text) {
  for (std::size_t at; (at = text.find("\\-")) != std::string::npos;) text.erase(at, 1);
  return text;
}

/// What attnviz.1 has for a command: its section, an option an item, "Default: …." a line of the item.
Options options_of_page(const std::string& section) {
  static const std::regex item("^\\.(?:B|BI|BR) (?:-h \", \" )?--([a-z-]+)(?: \" ([A-Z=]+)\")?$");
  static const std::regex value("^Default: (.*)\\.$");
  Options options;
  Option* last = nullptr;
  bool inside = false, begins = false;
  for (const std::string& raw : lines_of(read(kSource / "src/cli/man/attnviz.1"))) {
    const std::string line = plain(raw);
    if (line.starts_with(".SH ")) inside = line == ".SH " + section;
    std::smatch match;
    if (inside && begins && std::regex_match(line, match, item)) {
      last = &options[match[1]];
      last->value = match[2];
    } else if (inside && last != nullptr && std::regex_match(line, match, value)) {
      last->default_value = match[1];
    }
    begins = line == ".TP";
    if (begins || line.starts_with(".S")) last = begins ? last : nullptr;
  }
  return options;
}

void expect_equal(const std::string& command, const std::string& section, std::size_t at_least) {
  Options help = options_of_help(command), page = options_of_page(section);
  EXPECT_GE(help.size(), at_least);
  if (help.contains("threads")) {  // this machine's number, which the page has in words
    EXPECT_TRUE(std::regex_match(help["threads"].default_value, std::regex("[1-9][0-9]*")));
    EXPECT_EQ(page["threads"].default_value, "the number of processors");
    help["threads"].default_value = page["threads"].default_value;
  }
  for (const auto& [name, option] : help) {
    ASSERT_TRUE(page.contains(name)) << "--" << name << " is not in section " << section << " of attnviz.1";
    EXPECT_EQ(page[name], option) << "--" << name;
  }
  for (const auto& [name, option] : page)
    EXPECT_TRUE(help.contains(name)) << "--" << name << " of attnviz.1 is no option of '" << command << '\'';
}

TEST(Manual, HasTheOptionsOfTheMainJob) { expect_equal("", "OPTIONS", 35); }
TEST(Manual, HasTheOptionsOfInspect) { expect_equal("inspect", "INSPECT", 6); }
TEST(Manual, HasTheOptionsOfTokenize) { expect_equal("tokenize", "TOKENIZE", 5); }
TEST(Manual, HasTheOptionsOfDiff) { expect_equal("diff", "DIFF", 11); }

/// The names in every "properties" of a schema, at any depth.
void collect_properties(const nlohmann::json& schema, std::set<std::string>& names) {
  if (schema.is_object() && schema.contains("properties")) {
    for (const auto& [name, unused] : schema["properties"].items()) names.insert(name);
  }
  if (!schema.is_structured()) return;
  for (const auto& part : schema) collect_properties(part, names);
}

/// The words that a page sets in bold: of ".B", and of the alternating macros, spaces between quotes
/// included.
std::set<std::string> bold_words(const std::string& page) {
  static const std::regex word("[A-Za-z0-9_.]+");
  std::set<std::string> words;
  for (const std::string& line : lines_of(page)) {
    if (!line.starts_with(".B") && !line.starts_with(".RB ")) continue;
    for (std::sregex_iterator at(line.begin() + 3, line.end(), word), end; at != end; ++at)
      words.insert(at->str());
  }
  return words;
}

TEST(Manual, HasEveryMemberOfTheSchemas) {
  const std::string page = read(kSource / "src/cli/man/attnviz-files.5");
  const std::set<std::string> words = bold_words(page);
  int schemas = 0;
  for (const auto& entry : fs::directory_iterator(kSource / "tests/schema")) {
    const auto schema = nlohmann::json::parse(read(entry.path()));
    const std::string title = schema.at("title").get<std::string>();
    EXPECT_NE(page.find(title), std::string::npos) << title << " is not on attnviz-files(5)";
    std::set<std::string> names;
    collect_properties(schema, names);
    EXPECT_GE(names.size(), 5U) << entry.path();
    for (const std::string& name : names)
      EXPECT_TRUE(words.contains(name)) << '"' << name << "\" of " << title << " is not on attnviz-files(5)";
    ++schemas;
  }
  EXPECT_GE(schemas, 4);
}

TEST(Manual, HasEveryExitCodeThatHelpTells) {
  const std::string page = read(kSource / "src/cli/man/attnviz.1");
  const std::string status = page.substr(page.find(".SH \"EXIT STATUS\""));
  for (const char* code : {"0", "1", "2", "3", "4", "130"})
    EXPECT_NE(status.find(std::string(".TP\n.B ") + code + '\n'), std::string::npos) << code;
}

}  // namespace
