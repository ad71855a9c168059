/// Each format is a file of its own beside this one; the table of them is in run_writers.cpp.
#pragma once

#include <memory>

#include "attnviz/report.h"

namespace attnviz::report {

/// The writer of a format, or null where `options` do not ask for it.
using MakeRunWriter = std::unique_ptr<RunWriter>(const WriterOptions& options);

MakeRunWriter make_png_writer, make_json_writer, make_npz_writer;

}  // namespace attnviz::report
