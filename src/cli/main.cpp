#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <new>

#include "attnviz/report.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/help.h"

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

int report(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
  if (dynamic_cast<const CLI::RuntimeError*>(&error) != nullptr)
    return error.get_exit_code();  // said already
  print_error(std::string(error.what()) + " (attnviz --help lists the options)");
  return exit_code(ErrorKind::kUsage);
}

}  // namespace

int main(int argc, char** argv) {
  ConsoleOptions console;
  CLI::App app("Draws what a TorchScript transformer looked at when it produced each token.", "attnviz");
  app.formatter(help_formatter());
  app.set_version_flag("--version", std::string(attnviz::version()), "Print the version and end");
  add_export(app, console);
  add_inspect(app, console);
  add_tokenize(app);
  add_diff(app, console);
  try {
    app.parse(argc, argv);
    if (std::cout.flush()) return 0;
    print_error("cannot write to standard output");
    return exit_code(ErrorKind::kOutput);
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
