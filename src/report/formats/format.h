/// The formats of a run's files: one file each beside this one, and one line in the table of run_writers.cpp.
/// What a format writes stands in its RunFormat and nowhere else: manifests, the removal of earlier runs and
/// the resumption of batches go by it.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "attnviz/report.h"

namespace attnviz::report {

/// A file of the whole run.
struct RunFile {
  std::string_view member;  ///< Of the manifest: "npz".
  std::string_view name;    ///< "attention.npz".
};

/// A format, and all that it writes.
struct RunFormat {
  /// Ends the files of output tokens, and is their member of the manifest's outputs: "png". Of [a-z0-9];
  /// empty: there are none.
  std::string_view token = {};
  bool optional = true;  ///< A run may lack its files.
  std::span<const RunFile> files = {};
  /// Null where `options` do not ask for it.
  std::unique_ptr<RunWriter> (*make)(const WriterOptions& options);
};

/// All of them, in the order in which their files are listed.
std::span<const RunFormat* const> run_formats() noexcept;

/// Writes `bytes` as the file of `map` in `format`, enters it into `output` and returns its path.
std::string write_token_file(const RunFormat& format, const TokenMap& map, std::string_view bytes,
                             OutputDirectory& folder, ManifestOutput& output);

/// Writes `file` of the whole run, enters it into `manifest` and returns its path.
std::string write_run_file(const RunFile& file, const std::function<void(const WriteAt&)>& content,
                           OutputDirectory& folder, Manifest& manifest);

}  // namespace attnviz::report
