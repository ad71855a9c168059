#include "report/formats/format.h"

namespace attnviz::report {

std::vector<std::unique_ptr<RunWriter>> make_run_writers(const WriterOptions& options) {
  std::vector<std::unique_ptr<RunWriter>> writers;
  for (MakeRunWriter* make : {make_png_writer, make_json_writer, make_npz_writer}) {
    if (auto writer = make(options)) writers.push_back(std::move(writer));
  }
  return writers;
}

}  // namespace attnviz::report
