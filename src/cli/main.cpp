#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <exception>
#include <iostream>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attnviz/core.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/entry.h"
#include "cli/help.h"
#include "cli/suggest.h"
#include "cli/version.h"

namespace {

using attnviz::ErrorKind;
using namespace attnviz::cli;

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage: return 2;
    case ErrorKind::kInput: return 3;
    case ErrorKind::kOutput: return 4;
    case ErrorKind::kInterrupted: return 130;
  }
  return 3;
}

/// 0 when all that was printed has gone out.
int end_output() {
  if (std::cout.flush()) return 0;
  print_error("cannot write to standard output: it is closed, or its disk is full");
  return exit_code(ErrorKind::kOutput);
}

/// Whether `name` is an option with a value, of the main job or of a subcommand.
bool takes_value(const CLI::App& app, const std::string& name) {
  const auto takes = [&name](const CLI::App& command) {
    const CLI::Option* option = command.get_option_no_throw(name);
    return option != nullptr && option->get_items_expected_max() > 0;
  };
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  return takes(app) ||
         std::any_of(commands.begin(), commands.end(), [&](const CLI::App* one) { return takes(*one); });
}

/// As CLI11 takes them, last first. For an empty value, "--text=", CLI11 would take the next argument.
std::vector<std::string> arguments_of(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> arguments;
  bool is_value = false, options_end = false;
  for (const std::string argument : std::span(argv, static_cast<std::size_t>(argc)).subspan(1)) {
    const std::string name = argument.substr(0, argument.find('='));
    const bool option = !is_value && !options_end && argument.starts_with("--") && takes_value(app, name);
    options_end = options_end || (!is_value && argument == "--");
    const bool empty_value = option && name.size() + 1 == argument.size();
    is_value = option && name == argument;
    arguments.push_back(empty_value ? name : argument);
    if (empty_value) arguments.emplace_back();
  }
  std::reverse(arguments.begin(), arguments.end());
  return arguments;
}

/// "; did you mean --text?" for an option that is not there, of the command that was to run; else empty.
std::string suggestion(const CLI::App& app) {
  const auto commands = app.get_subcommands();
  const CLI::App& command = commands.empty() ? app : *commands.front();
  std::vector<std::string> known;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back(name);
  }
  for (const std::string& argument : app.remaining(true)) {
    if (!argument.starts_with("--")) continue;
    const auto meant = nearest_name(std::string_view(argument).substr(2, argument.find('=') - 2), known);
    if (meant) return "; did you mean --" + *meant + "?";
  }
  return "";
}

int report(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) {  // --help, --version
    app.exit(error);
    return end_output();
  }
  if (dynamic_cast<const CLI::RuntimeError*>(&error) != nullptr) {  // said already
    const int lost = end_output();
    return lost != 0 ? lost : error.get_exit_code();
  }
  const bool unknown = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
  print_error(std::string(error.what()) + (unknown ? suggestion(app) : "") +
              " (attnviz --help lists the options)");
  return exit_code(ErrorKind::kUsage);
}

}  // namespace

int attnviz_command(int argc, char** argv, const attnviz::cli::Start& start) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file over its limit is an error of write(), as a full disk is
  ConsoleOptions console;
  console.start = start;
  CLI::App app("Draws what a TorchScript transformer looked at when it produced each token.", "attnviz");
  app.formatter(help_formatter());
  app.set_version_flag(
      "--version", [] { return version_text(); },
      "Print the versions of attnviz and of what computes, and end");
  add_export(app, console);
  add_inspect(app, console);
  add_tokenize(app);
  add_diff(app, console);
  try {
    app.parse(arguments_of(app, argc, argv));
    return end_output();
  } catch (const CLI::ParseError& error) {
    return report(app, error);
  } catch (const attnviz::Error& error) {
    print_error(error.what(), console.verbose ? error.detail() : "");
    return exit_code(error.kind());
  } catch (const std::bad_alloc&) {
    print_error("out of memory; shorten the input, or select fewer tokens, layers or heads");
    return exit_code(ErrorKind::kInput);
  } catch (const std::exception& error) {
    const std::string said = error.what();
    print_error(
        "unexpected: " + said.substr(0, said.find('\n')) + "; this is a fault of attnviz, please report it",
        console.verbose ? said : "");
    return exit_code(ErrorKind::kInput);
  }
}
