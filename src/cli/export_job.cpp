#include "cli/export_job.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "cli/files.h"
#include "cli/parse.h"

namespace attnviz::cli {
namespace {

std::vector<int> to_ints(const std::vector<std::int64_t>& numbers) {
  return {numbers.begin(), numbers.end()};
}

/// What the maps are made of; of a batch, what its records have in common. Reads the files that are named.
InputRecord read_record(const ExportArguments& arguments) {
  const int inputs = arguments.text.has_value() + arguments.text_file.has_value() +
                     arguments.ids.has_value() + arguments.batch.has_value() +
                     (arguments.segments.empty() ? 0 : 1);
  if (inputs != 1) {
    throw Error(ErrorKind::kUsage,
                std::string(inputs == 0 ? "no input given" : "more than one input given") +
                    "; give exactly one of --text, --text-file, --segment, --ids and --batch");
  }
  if (arguments.batch && (arguments.pair || arguments.target || arguments.target_ids)) {
    throw Error(ErrorKind::kUsage,
                "--pair, --target and --target-ids are of one input; in a batch each record has its own");
  }
  InputRecord record;
  if (arguments.ids) record.ids = parse_ids("--ids", *arguments.ids);
  if (arguments.text) record.text = *arguments.text;
  if (arguments.text_file) record.text = read_text(*arguments.text_file);
  for (const std::string& segment : arguments.segments) record.segments.push_back(read_segment(segment));
  if (arguments.target && arguments.target_ids) {
    throw Error(ErrorKind::kUsage, "--target and --target-ids are given; give one of them");
  }
  record.pair = arguments.pair;
  record.target = arguments.target;
  if (arguments.target_ids) record.target_ids = parse_ids("--target-ids", *arguments.target_ids);
  record.generate = arguments.generate;
  if (arguments.tokens) record.tokens = parse_tokens("--tokens", *arguments.tokens);
  return record;
}

ExportOptions check_options(const ExportArguments& arguments) {
  ExportOptions options;
  options.reductions = parse_reductions(arguments.reduce);
  options.rollout_residual = arguments.rollout_residual;
  if (arguments.attention) options.kinds = parse_kinds(*arguments.attention);
  if (arguments.layers) options.layers = to_ints(parse_selection("--layers", *arguments.layers));
  if (arguments.heads) options.heads = to_ints(parse_selection("--heads", *arguments.heads));
  options.per_head = arguments.per_head;
  options.words = arguments.words;
  options.drop_special = arguments.special == "drop";
  options.drop_sinks = arguments.sink == "drop";
  options.npz = arguments.npz;
  options.png = !arguments.no_png;
  options.render.colormap = of_option("--colormap", [&] { return parse_colormap(arguments.colormap); });
  options.render.scale = of_option("--scale", [&] { return parse_color_scale(arguments.scale); });
  options.render.top = of_option("--vmax", [&] { return parse_scale_top(arguments.vmax); });
  options.render.theme = of_option("--theme", [&] { return parse_theme(arguments.theme); });
  options.render.annotate = arguments.annotate;
  options.render.fonts = arguments.fonts;
  options.render.system_fonts = !arguments.no_system_fonts;
  options.workers = arguments.threads;
  return options;
}

/// Without their folders, which are no matter of what is in the maps.
std::vector<std::string> names_of_files(const std::vector<std::string>& files) {
  std::vector<std::string> names;
  names.reserve(files.size());
  for (const std::string& file : files) names.push_back(std::filesystem::path(file).filename().string());
  return names;
}

std::vector<std::string> names_of_reductions(const std::vector<const ReductionInfo*>& reductions) {
  std::vector<std::string> names;
  names.reserve(reductions.size());
  for (const ReductionInfo* info : reductions) names.emplace_back(info->name);
  return names;
}

/// The options that decide what is in the files; not those that only say where and
/// how fast. A batch adds to each record's what the record says itself.
ManifestOptions for_manifest(const ExportArguments& arguments, const ExportJob& job) {
  ManifestOptions options;
  if (job.record.generate && !arguments.batch) options.emplace_back("generate", *job.record.generate);
  if (!job.record.tokens.empty() && !arguments.batch)
    options.emplace_back("tokens", option_value(job.record.tokens));
  if (arguments.layers) options.emplace_back("layers", parse_selection("--layers", *arguments.layers));
  if (arguments.heads) options.emplace_back("heads", parse_selection("--heads", *arguments.heads));
  if (arguments.attention) options.emplace_back("attention", *arguments.attention);
  options.emplace_back("reduce", names_of_reductions(job.options.reductions));
  options.emplace_back("rollout_residual", job.options.rollout_residual);
  options.emplace_back("special", arguments.special);
  options.emplace_back("sink", arguments.sink);
  options.emplace_back("words", job.options.words);
  options.emplace_back("per_head", job.options.per_head);
  options.emplace_back("npz", job.options.npz);
  options.emplace_back("png", job.options.png);
  options.emplace_back("colormap", std::string(to_string(job.options.render.colormap)));
  options.emplace_back("scale", std::string(to_string(job.options.render.scale)));
  options.emplace_back("vmax", to_string(job.options.render.top));
  options.emplace_back("theme", std::string(to_string(job.options.render.theme)));
  options.emplace_back("annotate", job.options.render.annotate);
  if (!arguments.fonts.empty()) options.emplace_back("fonts", names_of_files(arguments.fonts));
  options.emplace_back("system_fonts", job.options.render.system_fonts);
  options.emplace_back("device", job.load.device);
  if (job.load.dtype) options.emplace_back("dtype", *job.load.dtype);
  return options;
}

/// Absolute and without links, ".." and a slash at its end, as far as the path is there and beyond.
std::filesystem::path resolved(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(fs::absolute(path, error), error);
  return whole.has_filename() ? whole : whole.parent_path();
}

}  // namespace

ExportJob check(const ExportArguments& arguments, ConsoleOptions& console) {
  if (arguments.model.empty()) {
    throw Error(
        ErrorKind::kUsage,
        "no MODEL given; for example: attnviz model.pt --text \"...\" --out maps/ (attnviz --help lists the "
        "options)");
  }
  if (arguments.resume && !arguments.batch)
    throw Error(ErrorKind::kUsage, "--resume goes on with a batch; give it with --batch, or use --force");
  if (arguments.out.empty()) throw Error(ErrorKind::kUsage, "no output folder given; add --out DIR");
  console.progress = arguments.progress == "always"  ? Progress::kAlways
                     : arguments.progress == "never" ? Progress::kNever
                                                     : Progress::kAuto;
  ExportJob job{.load = {.model = arguments.model,
                         .config = arguments.config,
                         .device = arguments.device,
                         .dtype = arguments.dtype,
                         .threads = arguments.threads},
                .record = {},
                .options = check_options(arguments)};
  job.record = read_record(arguments);
  job.options_for_manifest = for_manifest(arguments, job);
  return job;
}

LoadedModel::LoadedModel(const ExportArguments& arguments, const ExportJob& job, Console& console)
    : model(load_model(job.load, console)),
      tokenizer(find_tokenizer(arguments.tokenizer, *model)),
      target_tokenizer(find_target_tokenizer(*model)) {
  console.detail("loaded '" + arguments.model +
                 "', tokenizer: " + (tokenizer ? tokenizer->describe() : "none"));
}

Timings::Timings(const ExportArguments& arguments) : file_(arguments.timings) {
  if (!file_) return;
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path file = resolved(*file_), out = resolved(arguments.out);
  if (std::mismatch(out.begin(), out.end(), file.begin(), file.end()).first == out.end()) {
    throw Error(ErrorKind::kUsage,
                "--timings: '" + *file_ +
                    "' lies in the folder of the maps, whose files are the same whenever they "
                    "are made; name a file elsewhere");
  }
  int failure = file_->empty() ? ENOENT : fs::is_directory(file, error) ? EISDIR : 0;
  const fs::path checked = fs::exists(file, error) ? file : fs::absolute(file, error).parent_path();
  if (failure == 0 && ::access(checked.c_str(), W_OK) != 0) failure = errno;
  if (failure != 0) {
    throw Error(ErrorKind::kOutput,
                "cannot write '" + *file_ + "' (--timings): " + std::generic_category().message(failure));
  }
}

double Timings::elapsed() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Timings::write(const PhaseSeconds& seconds, std::int64_t records) const {
  if (!file_) return;
  errno = 0;
  std::ofstream out(*file_, std::ios::binary);
  if (out << timings_json(records, load_, seconds, elapsed()) && out.flush()) return;
  throw Error(ErrorKind::kOutput,
              "cannot write '" + *file_ + "': " + std::generic_category().message(errno != 0 ? errno : EIO));
}

}  // namespace attnviz::cli
