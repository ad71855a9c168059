#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/files.h"

namespace attnviz::cli {
namespace {

struct TokenizeOptions {
  std::string tokenizer;
  std::optional<std::string> text, text_file;
  bool no_special = false;
};

std::string to_json(const Encoding& encoding) {
  nlohmann::ordered_json out{{"ids", nlohmann::ordered_json::array()},
                             {"tokens", nlohmann::ordered_json::array()},
                             {"offsets", nlohmann::ordered_json::array()},
                             {"special", nlohmann::ordered_json::array()}};
  for (const Token& token : encoding.tokens) {
    out["ids"].push_back(token.id);
    out["tokens"].push_back(token.piece);
    out["offsets"].push_back({token.reference.begin, token.reference.end});
    out["special"].push_back(token.sequence < 0 ? 1 : 0);
  }
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void run_tokenize(const TokenizeOptions& options) {
  if (options.text.has_value() == options.text_file.has_value()) {
    throw Error(ErrorKind::kUsage, "tokenize takes exactly one of --text and --text-file");
  }
  const auto tokenizer = read_tokenizer(options.tokenizer);
  const std::string text = options.text ? *options.text : read_file(*options.text_file);
  std::cout << to_json(tokenizer->encode(text, std::nullopt, !options.no_special)) << '\n';
}

}  // namespace

void add_tokenize(CLI::App& app) {
  auto options = std::make_shared<TokenizeOptions>();
  CLI::App* command =
      app.add_subcommand("tokenize", "Print the ids, tokens and byte offsets of a text as JSON");
  command->add_option("TOKENIZER", options->tokenizer, "Tokenizer file, or folder that holds it")->required();
  command->add_option("--text", options->text, "The text");
  command->add_option("--text-file", options->text_file, "File that holds the text; - is standard input");
  command->add_flag("--no-special", options->no_special, "Leave out the tokens of the template");
  command->callback([options] { run_tokenize(*options); });
}

}  // namespace attnviz::cli
