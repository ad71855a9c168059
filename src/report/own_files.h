/// The files that attnviz writes into a folder, and how they come and go.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "attnviz/report.h"

namespace attnviz::report {

/// The folder of the files of output tokens.
constexpr std::string_view kTokens = "tokens";
/// Ends the temporary name of a file; alone, the folder of a run that is not whole yet.
constexpr std::string_view kTemporary = ".attnviz-part";

/// Throws kOutput: "cannot <action> '<path>': <the system's reason>".
[[noreturn]] void fail(const std::string& action, const std::filesystem::path& path, int code);

/// Writes `target` under a temporary name and gives it its own when it is whole. Errors name `shown`.
void write_file(const std::filesystem::path& target, const std::filesystem::path& shown,
                const std::function<void(const WriteAt&)>& content);

/// Creates `path` with its parents. Returns what was not there before, innermost first. Throws kOutput also
/// for a folder that cannot be written to.
std::vector<std::filesystem::path> create_folder(const std::filesystem::path& path);

/// Removes what a run (in any format) or a diff wrote into `folder`, its last file first, with the tokens'
/// folder if that is empty then. Nothing else in a folder is ever removed.
void clear_run(const std::filesystem::path& folder);

/// The schema that a JSON file names; "" where it names none, nothing where there is no such file.
std::optional<std::string> schema_of(const std::filesystem::path& file);

}  // namespace attnviz::report
