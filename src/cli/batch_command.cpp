#include <iostream>

#include "cli/export_job.h"

namespace attnviz::cli {
namespace {

BatchDirectory::IfNotEmpty policy_of(const ExportArguments& arguments) {
  return arguments.resume  ? BatchDirectory::IfNotEmpty::kResume
         : arguments.force ? BatchDirectory::IfNotEmpty::kReplace
                           : BatchDirectory::IfNotEmpty::kRefuse;
}

}  // namespace

void run_batch(const ExportArguments& arguments, const ExportJob& job, Console& console) {
  Timings timings(arguments);
  LineReader lines(*arguments.batch);
  BatchDirectory folder(arguments.out, policy_of(arguments));
  const LoadedModel loaded(arguments, job, console);
  timings.loaded();
  const auto finished = [&](const BatchEntry& entry) {
    if (entry.error) {
      console.error(name_of(entry) + ": " + *entry.error);
    } else {
      std::cout << folder.manifest_of(*entry.id) << '\n' << std::flush;
    }
  };
  const BatchResult result = export_batch(*loaded.model, loaded.tokenizers(), lines, job.record, job.options,
                                          job.options_for_manifest, folder, finished, console);
  std::cout << result.manifest << '\n';
  if (result.kept > 0) console.detail(std::to_string(result.kept) + " records were there and whole");
  timings.write(result.seconds, result.done + result.failed);
  if (result.failed > 0) throw CLI::RuntimeError(1);
}

}  // namespace attnviz::cli
