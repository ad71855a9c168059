#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <thread>

#include "attnviz/batch.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/parse.h"

namespace attnviz::cli {
namespace {

/// The command line as it was typed; strings become types in `check`.
struct ExportArguments {
  std::string model;
  std::optional<std::string> text, text_file, ids, pair, target, target_ids;
  std::vector<std::string> segments;
  std::optional<std::int64_t> generate;
  std::optional<std::string> tokens, layers, heads, attention;
  std::string reduce = "mean,max,rollout";
  double rollout_residual = 0.5;
  std::string special = "keep", sink = "keep";
  bool words = false, npz = false;
  std::string colormap = "viridis", scale = "sqrt", vmax = "run", theme = "light";
  bool annotate = false, no_png = false, per_head = false, force = false, no_system_fonts = false;
  std::vector<std::string> fonts;
  std::string out;
  std::optional<std::string> tokenizer, config, dtype;
  std::string device = "cpu", progress = "auto";
  int threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
};

/// The same, checked.
struct ExportJob {
  LoadOptions load;
  InputRecord record;
  ExportOptions options;
  OutputDirectory::IfNotEmpty policy = OutputDirectory::IfNotEmpty::kRefuse;
};

std::vector<int> to_ints(const std::vector<std::int64_t>& numbers) {
  return {numbers.begin(), numbers.end()};
}

/// What the maps are made of. Reads the files that are named.
InputRecord read_record(const ExportArguments& arguments) {
  const int inputs = arguments.text.has_value() + arguments.text_file.has_value() +
                     arguments.ids.has_value() + (arguments.segments.empty() ? 0 : 1);
  if (inputs != 1) {
    throw Error(ErrorKind::kUsage, std::string(inputs == 0 ? "no input given" : "more than one input given") +
                                       "; give exactly one of --text, --text-file, --segment and --ids");
  }
  InputRecord record;
  if (arguments.ids) record.ids = parse_ids("--ids", *arguments.ids);
  if (arguments.text) record.text = *arguments.text;
  if (arguments.text_file) record.text = read_file(*arguments.text_file);
  for (const std::string& segment : arguments.segments) record.segments.push_back(read_segment(segment));
  if (arguments.target && arguments.target_ids) {
    throw Error(ErrorKind::kUsage, "--target and --target-ids are given; give one of them");
  }
  record.pair = arguments.pair;
  record.target = arguments.target;
  if (arguments.target_ids) record.target_ids = parse_ids("--target-ids", *arguments.target_ids);
  record.generate = arguments.generate;
  if (arguments.tokens) record.tokens = parse_selection("--tokens", *arguments.tokens);
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
  options.render.colormap = parse_colormap(arguments.colormap);
  options.render.scale = parse_color_scale(arguments.scale);
  options.render.top = parse_scale_top(arguments.vmax);
  options.render.theme = parse_theme(arguments.theme);
  options.render.annotate = arguments.annotate;
  options.render.fonts = arguments.fonts;
  options.render.system_fonts = !arguments.no_system_fonts;
  options.workers = arguments.threads;
  return options;
}

ExportJob check(const ExportArguments& arguments, ConsoleOptions& console) {
  if (arguments.model.empty()) {
    throw Error(
        ErrorKind::kUsage,
        "no MODEL given; for example: attnviz model.pt --text \"...\" --out maps/ (attnviz --help lists the "
        "options)");
  }
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
  if (arguments.force) job.policy = OutputDirectory::IfNotEmpty::kReplace;
  return job;
}

/// The options that decide what is in the files; not those that only say where and how fast.
std::vector<std::pair<std::string, OptionValue>> for_manifest(const ExportArguments& arguments,
                                                              const ExportJob& job) {
  std::vector<std::pair<std::string, OptionValue>> options;
  if (job.record.generate) options.emplace_back("generate", *job.record.generate);
  if (!job.record.tokens.empty()) options.emplace_back("tokens", job.record.tokens);
  if (arguments.layers) options.emplace_back("layers", parse_selection("--layers", *arguments.layers));
  if (arguments.heads) options.emplace_back("heads", parse_selection("--heads", *arguments.heads));
  if (arguments.attention) options.emplace_back("attention", *arguments.attention);
  options.emplace_back("reduce", job.options.reductions);
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
  options.emplace_back("system_fonts", job.options.render.system_fonts);
  options.emplace_back("device", job.load.device);
  if (job.load.dtype) options.emplace_back("dtype", *job.load.dtype);
  return options;
}

void run_export(const ExportArguments& arguments, ConsoleOptions& console_options) {
  const ExportJob job = check(arguments, console_options);
  catch_signals();
  Console console(console_options);
  const auto model = Model::load(job.load, console);
  const auto tokenizer = find_tokenizer(arguments.tokenizer, *model);
  const auto target_tokenizer = find_target_tokenizer(*model);
  console.detail("loaded '" + arguments.model +
                 "', tokenizer: " + (tokenizer ? tokenizer->describe() : "none"));
  OutputDirectory folder(arguments.out, job.policy);
  const ExportResult result = export_maps(*model, {tokenizer.get(), target_tokenizer.get()}, job.record,
                                          job.options, for_manifest(arguments, job), folder, console);
  for (const std::string& path : result.paths) std::cout << path << '\n';
}

void add_input_options(CLI::App& app, ExportArguments& a) {
  app.add_option("MODEL", a.model, "TorchScript file, or folder that holds model.pt")->type_name("");
  app.add_option("--text", a.text, "The input text")->group("Input, exactly one")->type_name("T");
  app.add_option("--text-file", a.text_file, "File that holds the text; - is standard input")
      ->type_name("F")
      ->group("Input, exactly one");
  app.add_option("--segment", a.segments, "NAME=TEXT or NAME=@FILE; repeatable, joined in order as they are")
      ->allow_extra_args(false)
      ->type_name("NAME=TEXT")
      ->group("Input, exactly one");
  app.add_option("--ids", a.ids, "Token ids, 1,2,3; needs no tokenizer")
      ->type_name("LIST")
      ->group("Input, exactly one");
  app.add_option("--pair", a.pair, "Second sentence of a pair; the first is --text")
      ->type_name("T")
      ->group("More input");
  app.add_option("--target", a.target, "What the decoder reads; with --generate, its beginning")
      ->type_name("T")
      ->group("More input");
  app.add_option("--target-ids", a.target_ids, "The same as token ids")
      ->type_name("LIST")
      ->group("More input");
  app.add_option("--generate", a.generate, "Generate at most N tokens, greedily, and map those")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}).description(""))
      ->group("Generation");
}

void add_keep_or_drop(CLI::App& app, const char* name, std::string& value, const char* help) {
  app.add_option(name, value, help)
      ->capture_default_str()
      ->check(CLI::IsMember({"keep", "drop"}).description(""))
      ->group("Reduction")
      ->type_name("WHAT");
}

void add_selection_options(CLI::App& app, ExportArguments& a) {
  app.add_option("--tokens", a.tokens, "Output tokens to map, 3,7-12 [all]")
      ->group("Selection")
      ->type_name("LIST");
  app.add_option("--layers", a.layers, "Layers to show, 0-based [all]")
      ->group("Selection")
      ->type_name("LIST");
  app.add_option("--heads", a.heads, "Heads to reduce over, 0-based [all]")
      ->group("Selection")
      ->type_name("LIST");
  app.add_option("--attention", a.attention, "Kinds: self,cross,encoder,decoder [self; or cross,decoder]")
      ->group("Selection")
      ->type_name("LIST");
  app.add_option("--reduce", a.reduce, "Reductions: mean,max,min,rollout")
      ->capture_default_str()
      ->group("Reduction")
      ->type_name("LIST");
  app.add_option("--rollout-residual", a.rollout_residual,
                 "Weight of the residual stream in rollout, from 0 up to 1")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 0.999999).description(""))
      ->group("Reduction")
      ->type_name("R");
  add_keep_or_drop(app, "--special", a.special, "Special tokens as sources and outputs: keep or drop");
  add_keep_or_drop(app, "--sink", a.sink, "Attention sinks, as sources: keep or drop (takes two runs)");
  app.add_flag("--words", a.words, "Merge tokens into words")->group("Reduction");
}

void add_drawing_options(CLI::App& app, ExportArguments& a) {
  app.add_option("--colormap", a.colormap, "viridis, magma, inferno, plasma, cividis or grey")
      ->capture_default_str()
      ->group("Drawing")
      ->type_name("NAME");
  app.add_option("--scale", a.scale, "Colour scale of the weights: sqrt, linear or log")
      ->capture_default_str()
      ->group("Drawing")
      ->type_name("NAME");
  app.add_option("--vmax", a.vmax, "Weight of the last colour: run (all pictures alike), map or a number")
      ->capture_default_str()
      ->group("Drawing")
      ->type_name("V");
  app.add_option("--theme", a.theme, "light or dark")
      ->capture_default_str()
      ->group("Drawing")
      ->type_name("NAME");
  app.add_flag("--annotate", a.annotate, "Write the weights into the cells where they fit")->group("Drawing");
  app.add_option("--font", a.fonts, "Font file to use first; repeatable")
      ->allow_extra_args(false)
      ->type_name("F")
      ->group("Drawing");
  app.add_flag("--no-system-fonts", a.no_system_fonts,
               "Only the embedded font and --font: the same pixels everywhere")
      ->group("Drawing");
  app.add_flag("--no-png", a.no_png, "Write only the JSON files")->group("Drawing");
}

void add_run_options(CLI::App& app, ExportArguments& a, ConsoleOptions& console) {
  app.add_option("--out", a.out, "Folder for the maps; created, must be empty (required)")
      ->type_name("DIR")
      ->group("Files");
  app.add_flag("--per-head", a.per_head, "Every head too, in pictures, JSON and npz")->group("Files");
  app.add_flag("--npz", a.npz, "The reduced maps as arrays too, attention.npz")->group("Files");
  app.add_flag("--force", a.force, "Replace the maps of an earlier run in that folder")->group("Files");
  app.add_option("--device", a.device, "cpu, cuda or cuda:N")
      ->capture_default_str()
      ->group("Run")
      ->type_name("NAME");
  app.add_option("--dtype", a.dtype, "float32, float16 or bfloat16 [as saved]")
      ->group("Run")
      ->type_name("NAME");
  app.add_option("--threads", a.threads, "Threads of the model and of drawing")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024).description(""))
      ->group("Run")
      ->type_name("N");
  app.add_option("--tokenizer", a.tokenizer, "Tokenizer file or folder [the model's own]")
      ->group("Run")
      ->type_name("F");
  app.add_option("--config", a.config, "attnviz.json to use in place of the model's own")
      ->group("Run")
      ->type_name("F");
  app.add_option("--progress", a.progress, "Bar on standard error: auto (on a terminal), always or never")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "always", "never"}).description(""))
      ->group("Run")
      ->type_name("WHEN");
  auto* quiet = app.add_flag("--quiet", console.quiet, "No warnings, no progress")->group("Run");
  app.add_flag("--verbose", console.verbose, "Say what is done, and what libtorch says of an error")
      ->excludes(quiet)
      ->group("Run");
}

}  // namespace

void add_export(CLI::App& app, ConsoleOptions& console) {
  auto arguments = std::make_shared<ExportArguments>();
  add_input_options(app, *arguments);
  add_selection_options(app, *arguments);
  add_drawing_options(app, *arguments);
  add_run_options(app, *arguments, console);
  app.require_subcommand(0, 1);
  app.footer(
      "Examples:\n"
      "  attnviz model/ --text \"The cat sat on the mat\" --out maps/\n"
      "  attnviz qa/ --segment fact=@fact.txt --segment question=\" who ?\" --generate 20 --out maps/\n"
      "\n"
      "Exit codes: 0 done, 1 some lines of tokenize --batch failed or diff is over --fail-over, 2 usage,\n"
      "3 model or input, 4 output, 130 interrupted.");
  app.final_callback([&app, arguments, &console] {
    if (app.get_subcommands().empty()) run_export(*arguments, console);
  });
}

}  // namespace attnviz::cli
