#pragma once

#include <CLI/CLI.hpp>
#include <memory>

namespace attnviz::cli {

/// Help with the value's name beside its option and the default behind what it does.
std::shared_ptr<CLI::FormatterBase> help_formatter();

}  // namespace attnviz::cli
