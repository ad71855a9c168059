#include "cli/export_options.h"

namespace attnviz::cli {
namespace {

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
  app.add_option("--batch", a.batch, "File of records, one JSON object a line; - is standard input")
      ->type_name("F")
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
  app.add_option("--reduce", a.reduce, "Reductions: " + names_of(known_reductions()))
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
  auto* force =
      app.add_flag("--force", a.force, "Replace the maps of an earlier run in that folder")->group("Files");
  app.add_flag("--resume", a.resume, "Go on with a batch: leave the records whose maps are whole")
      ->excludes(force)
      ->group("Files");
  app.add_option("--device", a.device, "cpu, cuda or cuda:N")
      ->capture_default_str()
      ->group("Run")
      ->type_name("NAME");
  app.add_option("--dtype", a.dtype, "float32, float16 or bfloat16 [as saved]")
      ->group("Run")
      ->type_name("NAME");
  app.add_option("--threads", a.threads, "Threads of the model; of drawing, beside it in a batch")
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
  app.add_option("--timings", a.timings, "JSON file to write the seconds of each phase to")
      ->group("Run")
      ->type_name("F");
  auto* quiet = app.add_flag("--quiet", console.quiet, "No warnings, no progress")->group("Run");
  app.add_flag("--verbose", console.verbose, "Say what is done, and what libtorch says of an error")
      ->excludes(quiet)
      ->group("Run");
}

}  // namespace

void add_export_options(CLI::App& app, ExportArguments& arguments, ConsoleOptions& console) {
  add_input_options(app, arguments);
  add_selection_options(app, arguments);
  add_drawing_options(app, arguments);
  add_run_options(app, arguments, console);
}

}  // namespace attnviz::cli
