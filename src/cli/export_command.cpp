#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/export_job.h"
#include "cli/version.h"

namespace attnviz::cli {
namespace {

void run_single(const ExportArguments& arguments, const ExportJob& job, Console& console) {
  Timings timings(arguments);
  OutputDirectory folder(arguments.out, arguments.force ? OutputDirectory::IfNotEmpty::kReplace
                                                        : OutputDirectory::IfNotEmpty::kRefuse);
  const LoadedModel loaded(arguments, job, console);
  timings.loaded();
  const ExportResult result = export_maps(*loaded.model, loaded.tokenizers(), job.record, job.options,
                                          job.options_for_manifest, folder, console);
  for (const std::string& path : result.paths) std::cout << path << '\n';
  timings.write(result.seconds, 1);
}

void run_export(const ExportArguments& arguments, ConsoleOptions& console_options) {
  const ExportJob job = check(arguments, console_options);
  catch_signals();
  Console console(console_options);
  say_what_computes(console_options.start, console);
  arguments.batch ? run_batch(arguments, job, console) : run_single(arguments, job, console);
}

/// Options before a subcommand would be taken for the main job's, which is not what runs then.
void refuse_beside_subcommand(const CLI::App& app) {
  if (app.get_subcommands().empty()) return;
  const std::string command = app.get_subcommands().front()->get_name();
  for (const CLI::Option* option : app.get_options()) {
    if (option->count() == 0) continue;
    std::string sentence = option->get_name();
    sentence += " stands before '" + command + "', which takes its options after its name (attnviz ";
    sentence += command + " --help lists them)";
    throw Error(ErrorKind::kUsage, sentence);
  }
}

}  // namespace

void add_export(CLI::App& app, ConsoleOptions& console) {
  auto arguments = std::make_shared<ExportArguments>();
  add_export_options(app, *arguments, console);
  app.require_subcommand(0, 1);
  app.footer(
      "Examples:\n"
      "  attnviz model/ --text \"The cat sat on the mat\" --out maps/\n"
      "  attnviz qa/ --segment fact=@fact.txt --segment question=\" who ?\" --generate 20 --out maps/\n"
      "  attnviz qa/ --batch questions.jsonl --generate 20 --out maps/ --resume\n"
      "\n"
      "A segment's text is taken as it is given: \\n in it is a backslash and an n. For a line's end use "
      "the\n"
      "shell's $'...\\n...', or NAME=@FILE. =TEXT, without a name, is glue between the others.\n"
      "\n"
      "Exit codes: 0 done, 1 some records of a batch failed or diff does not pass --fail-over, 2 usage,\n"
      "3 model or input, 4 output, 130 interrupted.");
  app.parse_complete_callback([&app] { refuse_beside_subcommand(app); });
  app.final_callback([&app, arguments, &console] {
    if (app.get_subcommands().empty()) run_export(*arguments, console);
  });
}

}  // namespace attnviz::cli
