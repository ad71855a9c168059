/// The formats of models: one file each, and one line in the table of formats.cpp.
#pragma once

#include <memory>
#include <string>

#include "attnviz/source.h"

namespace attnviz::source {

/// How a format is opened: the model at `path`, null where it is of another format. Throws as
/// ModelSource::open() does.
struct Format {
  std::unique_ptr<ModelSource> (*open)(const std::string& path);
};

}  // namespace attnviz::source
