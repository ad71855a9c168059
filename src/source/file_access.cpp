#include "source/file_access.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace attnviz::source {

namespace {

// A piece of code. Adjacent literals are one text, as they are for the compiler.
struct Token {
  enum Kind { kName, kText, kSign } kind = kSign;
  std::string_view text;  // A literal is without its quotes; what a sign is, or
                          // how a name is spelled.
  bool joined = false;    // Made of several literals.
};

bool starts_name(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool in_name(char c) { return starts_name(c) || std::isdigit(static_cast<unsigned char>(c)) != 0; }

// Length of the literal that `code` begins with, quotes included; `quotes` is how long its quotes are.
std::size_t length_of_literal(std::string_view code, std::size_t& quotes) {
  const bool triple = code.size() >= 3 && code[1] == code[0] && code[2] == code[0];
  quotes = triple ? 3 : 1;
  const std::string_view end = code.substr(0, quotes);
  for (std::size_t i = quotes; i < code.size(); ++i) {
    if (code[i] == '\\') {
      ++i;
    } else if (code.substr(i).starts_with(end)) {
      return i + quotes;
    }
  }
  return code.size();
}

void add_literal(std::vector<Token>& tokens, std::string_view literal, std::size_t quotes) {
  const std::size_t inside = literal.size() >= 2 * quotes ? literal.size() - 2 * quotes : 0;
  if (!tokens.empty() && tokens.back().kind == Token::kText) {
    tokens.back().joined = true;
  } else {
    tokens.push_back({Token::kText, literal.substr(std::min(quotes, literal.size()), inside), false});
  }
}

std::vector<Token> tokens_of(std::string_view code) {
  std::vector<Token> tokens;
  while (!code.empty()) {
    std::size_t length = 1;
    if (code[0] == '#') {
      length = std::min(code.find('\n'), code.size());
    } else if (code[0] == '"' || code[0] == '\'') {
      std::size_t quotes = 1;
      length = length_of_literal(code, quotes);
      add_literal(tokens, code.substr(0, length), quotes);
    } else if (starts_name(code[0])) {
      while (length < code.size() && in_name(code[length])) ++length;
      tokens.push_back({Token::kName, code.substr(0, length), false});
    } else if (code[0] != '\\' && std::isspace(static_cast<unsigned char>(code[0])) == 0) {
      tokens.push_back({Token::kSign, code.substr(0, 1), false});
    }
    code.remove_prefix(length);
  }
  return tokens;
}

bool names_file_operator(std::string_view text) {
  return std::find(kFileOperators.begin(), kFileOperators.end(), text) != kFileOperators.end();
}

// The last argument of the getattr at `at`, where it is a literal.
const Token* attribute_of_getattr(const std::vector<Token>& tokens, std::size_t at) {
  int depth = 0;
  for (std::size_t i = at + 1; i < tokens.size(); ++i) {
    if (tokens[i].kind != Token::kSign) continue;
    if (tokens[i].text == "(") ++depth;
    if (tokens[i].text == ")" && --depth <= 0)
      return tokens[i - 1].kind == Token::kText ? &tokens[i - 1] : nullptr;
  }
  return nullptr;
}

}  // namespace

std::optional<std::string> find_file_call(std::string_view code) {
  const std::vector<Token> tokens = tokens_of(code);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].kind != Token::kName) continue;
    if (names_file_operator(tokens[i].text) && i > 0 && tokens[i - 1].text == "." && i + 1 < tokens.size() &&
        tokens[i + 1].text == "(") {
      return std::string(tokens[i].text);
    }
    if (tokens[i].text != "getattr") continue;
    const Token* attribute = attribute_of_getattr(tokens, i);
    if (attribute == nullptr) continue;
    if (names_file_operator(attribute->text)) return std::string(attribute->text);
    if (attribute->joined || attribute->text.find('\\') != std::string_view::npos)
      return "getattr in disguise";
  }
  return std::nullopt;
}

}  // namespace attnviz::source
