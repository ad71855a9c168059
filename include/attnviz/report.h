/// Results as bytes, and bytes into a folder that is either whole or recognisably not.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "attnviz/core.h"

namespace attnviz {

/// The value of an effective option as it goes into the manifest.
using OptionValue = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>,
                                 std::vector<std::string>>;

/// The model of a run, as the manifest names it.
struct ManifestModel {
  std::string file;  ///< Without folder.
  std::string sha256;
  int layers = 0;  ///< The most of any kind of attention.
  int heads = 0;   ///< The most of any layer.
  std::vector<AttentionKind> attention;
  bool causal = false;
  std::string capture;  ///< "returned", "softmax", "sdpa" or "fused".
};

/// Files of one output token, relative to the folder of the run.
struct ManifestOutput {
  std::int64_t index = 0;
  std::optional<std::string> png;  ///< Nothing with `--no-png`.
  std::string json;
};

/// Which part of the text each output token looked at.
struct SegmentTable {
  AttentionKind kind = AttentionKind::kSelf;
  std::vector<std::string> names;     ///< Of segments, then "generated" and "" where there is such.
  std::vector<std::int64_t> outputs;  ///< Indices of output tokens, ascending.
  Matrix masses;                      ///< [outputs, names], mean attention; rows sum to 1.
};

/// Everything about a run that is not about one output token. Schema attnviz.manifest/1.
struct Manifest {
  ManifestModel model;
  std::vector<std::pair<std::string, OptionValue>> options;
  std::shared_ptr<const Encoding> source;
  std::shared_ptr<const Encoding> target;  ///< Null for models with one stack.
  std::optional<std::string> overview;     ///< File of the overview picture.
  std::optional<std::string> segments_picture;
  std::optional<std::string> npz;
  std::vector<SegmentTable> segments;  ///< One for each kind that looks at named segments.
  std::vector<SegmentFlow> flows;      ///< Of sentence pairs.
  std::vector<ManifestOutput> outputs;
  std::vector<LayerAudit> audit;
  std::vector<HeadSummary> heads;
  std::vector<std::string> warnings;
};

/// The version of this build, "0.1.0".
std::string_view version() noexcept;

/// tokens/*.json, schema attnviz.token/1. Numbers are float32 in the fewest digits that read back the same.
std::string token_json(const TokenMap& map);

/// manifest.json, schema attnviz.manifest/1.
std::string manifest_json(const Manifest& manifest);

/// "00012-Poldo": the index, then the label reduced to [A-Za-z0-9_-], at most 24 characters; "00012" if none
/// is left.
std::string token_file_stem(std::int64_t index, std::string_view label);

/// Takes a file piece by piece. `offset` may lie before the end of what came: headers are completed when
/// their content is known.
using WriteAt = std::function<void(std::uint64_t offset, std::string_view bytes)>;

/// One array of an .npz: float32 or int64, C order.
struct NpzArray {
  std::string name;                 ///< "self.mean"; UTF-8, without "/".
  std::vector<std::int64_t> shape;  ///< At most 32 axes; none: one value.
  std::variant<std::vector<float>, std::vector<std::int64_t>> values;
};

/// A NumPy .npz file: a zip of .npy files of version 1.0, stored and not deflated, as numpy.savez does
/// (float32 weights that are not 0 shrink by 7 % only, at a thirtieth of the speed), without time stamps,
/// zip64 where an array has 4 GB or more. Same arrays, same bytes. Holds no second copy of the values. Throws
/// kUsage when a shape and its values disagree, for a name that is empty or there twice; what `write` throws
/// comes through.
void npz(std::span<const NpzArray> arrays, const WriteAt& write);
/// The same in memory.
std::string npz(std::span<const NpzArray> arrays);

/// A folder of results. Files appear whole or not at all: a temporary name, then a rename. Every failure is
/// kOutput and names the path and the system's reason. write() may be called from several threads.
class OutputDirectory {
 public:
  enum class IfNotEmpty { kRefuse, kReplace };

  /// Creates `path` with its parents, and checks that it can be written to. A folder that holds anything is
  /// refused. With kReplace it is taken where its manifest.json is of attnviz or absent; what an earlier run
  /// wrote there goes when the first new file comes, the manifest first, so that it never looks whole. Files
  /// of others stay.
  OutputDirectory(std::filesystem::path path, IfNotEmpty policy);
  /// Removes the folders that were created here, as far as nothing was written to them.
  ~OutputDirectory();
  OutputDirectory(const OutputDirectory&) = delete;
  OutputDirectory& operator=(const OutputDirectory&) = delete;

  /// Writes `bytes` to `name` (relative; folders are made). Returns the path as the user would write it.
  std::string write(std::string_view name, std::string_view bytes);
  /// The same for a file that is too large to be held: `content` is called once, to write all of it.
  std::string write(std::string_view name, const std::function<void(const WriteAt&)>& content);

 private:
  std::filesystem::path path_;
  std::vector<std::filesystem::path> created_;  ///< Innermost first.
  bool replaces_ = false;
  std::once_flag cleared_;
};

}  // namespace attnviz
