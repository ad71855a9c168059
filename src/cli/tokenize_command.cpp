#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "attnviz/run.h"
#include "cli/commands.h"
#include "cli/files.h"

namespace attnviz::cli {
namespace {

struct TokenizeOptions {
  std::string tokenizer;
  std::optional<std::string> text, text_file, batch;
  bool no_special = false;
};

/// Encodes a record: its "text", or its "segments" joined, with its "pair". Throws kInput for anything else.
Encoding encode_line(const Tokenizer& tokenizer, const std::string& line, bool special) {
  InputRecord record;
  parse_record(line, record);
  if (!record.ids.empty())
    throw Error(ErrorKind::kInput, "has \"ids\", which are tokens already; give \"text\" or \"segments\"");
  std::string text = record.text.value_or("");
  for (const NamedText& part : record.segments) text += part.text;
  if (!record.pair) return tokenizer.encode(text, std::nullopt, special);
  return tokenizer.encode(text, *record.pair, special);
}

/// One line out for each line in that is not blank, {"error": …} for a bad one, which is reported with its
/// number as well.
void tokenize_batch(const Tokenizer& tokenizer, const TokenizeOptions& options) {
  LineReader lines(*options.batch);
  const Listener listener;
  int failed = 0;
  while (lines.next(listener)) {
    try {
      if (lines.too_long()) throw Error(ErrorKind::kInput, "is too long for a record");
      std::cout << encoding_json(encode_line(tokenizer, lines.line(), !options.no_special));
    } catch (const Error& error) {
      print_error("line " + std::to_string(lines.number()) + " of '" + *options.batch + "': " + error.what());
      std::cout << error_json(error.what());
      ++failed;
    }
  }
  if (failed > 0) throw CLI::RuntimeError(1);
}

void run_tokenize(const TokenizeOptions& options) {
  if (options.text.has_value() + options.text_file.has_value() + options.batch.has_value() != 1) {
    throw Error(ErrorKind::kUsage, "tokenize takes exactly one of --text, --text-file and --batch");
  }
  const auto tokenizer = read_tokenizer(options.tokenizer);
  if (options.batch) return tokenize_batch(*tokenizer, options);
  const std::string text = options.text ? *options.text : read_text(*options.text_file);
  std::cout << encoding_json(tokenizer->encode(text, std::nullopt, !options.no_special));
}

}  // namespace

void add_tokenize(CLI::App& app) {
  auto options = std::make_shared<TokenizeOptions>();
  CLI::App* command =
      app.add_subcommand("tokenize", "Print the ids, tokens and byte offsets of a text as JSON");
  command->add_option("TOKENIZER", options->tokenizer, "Tokenizer file, or folder that holds it")
      ->required()
      ->type_name("");
  command->add_option("--text", options->text, "The text")->type_name("T");
  command->add_option("--text-file", options->text_file, "File that holds the text; - is standard input")
      ->type_name("F");
  command
      ->add_option("--batch", options->batch,
                   "File of JSON objects with \"text\" (and \"pair\"), one a line; - is standard input")
      ->type_name("F");
  command->add_flag("--no-special", options->no_special, "Leave out the tokens of the template");
  command->footer(
      "Examples:\n"
      "  attnviz tokenize model/ --text \"The cat sat on the mat\"\n"
      "  attnviz tokenize tokenizer.json --batch texts.jsonl --no-special\n"
      "\n"
      "Exit codes: 0 done, 1 some lines of a batch failed, 2 usage, 3 tokenizer or input, 4 output.");
  command->callback([options] { run_tokenize(*options); });
}

}  // namespace attnviz::cli
