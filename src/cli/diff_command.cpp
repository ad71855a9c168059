#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <memory>

#include "attnviz/aggregate.h"
#include "attnviz/diff.h"
#include "cli/commands.h"
#include "cli/parse.h"
#include "core/utf8.h"

namespace attnviz::cli {
namespace {

struct DiffArguments {
  std::string a, b;
  std::optional<double> fail_over;
  bool json = false;
  std::optional<std::string> out;
  bool force = false, no_png = false, no_system_fonts = false;
  std::string theme = "light";
  std::vector<std::string> fonts;
};

std::string number(const char* format, double value) {
  char text[40];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

/// "0" without a sign.
std::string signed_number(double value) { return value == 0 ? "0" : number("%+.4g", value); }

std::string js_text(const TokenDiff& token) {
  const MapDiff* map = token.most_divergent();
  return map == nullptr ? "-" : number("%.4g", map->divergence->js);
}

/// "12", or "12/14" where the token stands elsewhere in B.
std::string index_text(const TokenDiff& token) {
  const std::string a = std::to_string(token.index_a);
  return token.index_a == token.index_b ? a : a + "/" + std::to_string(token.index_b);
}

std::string change_text(const MapDiff& map) {
  const WeightChange& change = *map.largest;
  if (change.value == 0) return "0";
  return signed_number(change.value) + " " + std::string(map.reduction->name) + ", " +
         std::string(to_string(map.kind)) +
         (change.layer ? " layer " + std::to_string(*change.layer) : " overall") + ", source " +
         std::to_string(change.b.index) + " '" + one_line(change.b.text) + "'";
}

std::string shift_text(const TokenDiff& token) {
  const SegmentShift* shift = token.largest_shift();
  if (shift == nullptr) return "";
  if (shift->b == shift->a) return "0";
  return signed_number(shift->b - shift->a) + " " +
         (shift->name.empty() ? "outside of segments" : "'" + one_line(shift->name) + "'");
}

using Row = std::vector<std::string>;

/// Code points, which is near enough to the columns of a terminal.
std::size_t width_of(const std::string& text) {
  return text.size() -
         static_cast<std::size_t>(std::count_if(text.begin(), text.end(), utf8::is_continuation));
}

void print_table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      line.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    std::cout << line << '\n';
  }
}

/// "0.0123 bits at token 62 'Tes' (mean, self)"
std::string most_divergent_text(const TokenDiff& token) {
  return js_text(token) + " bits at token " + index_text(token) + " '" + one_line(token.text) + "' (" +
         std::string(token.most_divergent()->reduction->name) + ", " +
         std::string(to_string(token.most_divergent()->kind)) + ")";
}

void print_run(const RunDiff& diff) {
  for (const std::string& sentence : diff.differences) std::cout << one_line(sentence) << '\n';
  std::vector<Row> rows = {{"token", "", "JS (bits)", "largest B - A", "largest segment shift"}};
  for (const TokenDiff& token : diff.tokens) {
    const MapDiff* map = token.most_different();
    rows.push_back({index_text(token), one_line(token.text), js_text(token),
                    map == nullptr ? "-" : change_text(*map), shift_text(token)});
  }
  print_table(rows);
  std::cout << "compared " << diff.tokens.size() << (diff.tokens.size() == 1 ? " token" : " tokens");
  if (const TokenDiff* token = diff.most_divergent())
    std::cout << "; largest JS divergence " << most_divergent_text(*token);
  if (const TokenDiff* token = diff.most_different()) {
    std::cout << "; largest difference " << signed_number(token->most_different()->largest->value)
              << " at token " << index_text(*token) << " '" << one_line(token->text) << '\'';
  }
  std::cout << '\n';
}

void print_batch(const BatchDiff& diff) {
  std::vector<Row> rows = {{"record", "largest JS (bits)", "largest B - A"}};
  for (const RecordDiff& record : diff.records) {
    if (!record.diff) {
      rows.push_back({record.id, "-", "not compared"});
      continue;
    }
    const TokenDiff* divergent = record.diff->most_divergent();
    const TokenDiff* different = record.diff->most_different();
    rows.push_back({record.id, divergent == nullptr ? "-" : most_divergent_text(*divergent),
                    different == nullptr ? "-" : change_text(*different->most_different())});
  }
  print_table(rows);
  std::cout << "compared " << diff.records.size() << (diff.records.size() == 1 ? " record" : " records");
  if (const RecordDiff* record = diff.most_divergent()) {
    std::cout << "; largest JS divergence " << most_divergent_text(*record->diff->most_divergent()) << " of "
              << record->id;
  }
  std::cout << '\n';
}

void warn(const RunDiff& diff, const std::string& of, Listener& listener) {
  for (const std::string& sentence : diff.warnings) listener.warning(of + sentence);
}

/// "'a', 'b', 'c' and 4 more"
std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kListed = 5;
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), kListed); ++i)
    list += (i == 0 ? "'" : ", '") + names[i] + '\'';
  return names.size() > kListed ? list + " and " + std::to_string(names.size() - kListed) + " more" : list;
}

std::vector<std::string> as_texts(const std::vector<std::int64_t>& indices) {
  std::vector<std::string> texts;
  texts.reserve(indices.size());
  for (const std::int64_t index : indices) texts.push_back(std::to_string(index));
  return texts;
}

/// Says of each side what the other lacks. Returns whether there was any.
bool report_alone(const std::string& one, const std::vector<std::string>& only_a,
                  const std::vector<std::string>& only_b, const std::string& of) {
  const auto report = [&](const std::vector<std::string>& names, const char* side, const char* other) {
    if (names.empty()) return;
    print_error(one + (names.size() == 1 ? " " : "s ") + listed(names) + of +
                (names.size() == 1 ? " is" : " are") + " in " + side + " alone; --fail-over takes what " +
                other + " lacks for a change");
  };
  report(only_a, "A", "B");
  report(only_b, "B", "A");
  return !only_a.empty() || !only_b.empty();
}

/// Whether the run is over the bound, or has no distribution to tell it by; either is said.
bool is_over(const RunDiff& diff, const std::string& of, double fail_over) {
  const bool alone = report_alone("output token", as_texts(diff.only_a), as_texts(diff.only_b), of);
  const TokenDiff* token = diff.most_divergent();
  if (token == nullptr) {
    print_error("no map" + of + " is a distribution, which --fail-over compares");
    return true;
  }
  if (token->most_divergent()->divergence->js <= fail_over) return alone;
  print_error("the JS divergence of " + most_divergent_text(*token) + of + " is over --fail-over " +
              number("%.4g", fail_over));
  return true;
}

/// The reductions that are distributions, or those that are none.
std::vector<const ReductionInfo*> reductions_that(bool are_distributions) {
  std::vector<const ReductionInfo*> found;
  for (const ReductionInfo* info : known_reductions()) {
    if (info->distribution == are_distributions) found.push_back(info);
  }
  return found;
}

/// Throws kInput; `token` is the most divergent one of all.
void require_distributions(const TokenDiff* token) {
  if (token != nullptr) return;
  const auto distributions = reductions_that(true), others = reductions_that(false);
  throw Error(ErrorKind::kInput, "--fail-over needs " + names_of(distributions, "or") + " in both runs, as " +
                                     names_of(others, "and") +
                                     (others.size() == 1 ? " is no distribution" : " are no distributions") +
                                     "; make the maps with --reduce " + std::string(mean_reduction().name));
}

void finish(const RunDiff& diff, const DiffArguments& arguments, Listener& listener) {
  warn(diff, "", listener);
  if (arguments.json) {
    std::cout << diff_json(diff);
  } else {
    print_run(diff);
  }
  if (!arguments.fail_over) return;
  require_distributions(diff.most_divergent());
  if (is_over(diff, "", *arguments.fail_over)) throw CLI::RuntimeError(1);
}

void finish(const BatchDiff& diff, const DiffArguments& arguments, Listener& listener) {
  for (const RecordDiff& record : diff.records) {
    if (record.diff) warn(*record.diff, record.id + ": ", listener);
  }
  if (!arguments.fail_over && diff.only_a.size() + diff.only_b.size() > 0) {
    listener.warning(
        "records that are in one batch alone are not compared: " + std::to_string(diff.only_a.size()) +
        " of A, " + std::to_string(diff.only_b.size()) + " of B");
  }
  if (arguments.json) {
    std::cout << diff_json(diff);
  } else {
    print_batch(diff);
  }
  const RecordDiff* worst = diff.most_divergent();
  const bool compared =
      std::any_of(diff.records.begin(), diff.records.end(), [](const auto& one) { return one.diff; });
  if (arguments.fail_over && compared)
    require_distributions(worst == nullptr ? nullptr : worst->diff->most_divergent());
  bool failed = arguments.fail_over && report_alone("record", diff.only_a, diff.only_b, "");
  for (const RecordDiff& record : diff.records) {
    if (!record.diff) {
      print_error(record.id + ": " + record.error);
      failed = true;
    } else if (arguments.fail_over) {
      failed = is_over(*record.diff, " of record " + record.id, *arguments.fail_over) || failed;
    }
  }
  if (failed) throw CLI::RuntimeError(1);
}

/// The folder to write to, or null. Refuses one of those that are compared.
std::unique_ptr<OutputDirectory> open_out(const DiffArguments& arguments) {
  if (!arguments.out) return nullptr;
  if (arguments.out->empty()) throw Error(ErrorKind::kUsage, "--out: no folder given; add its name");
  for (const std::string& compared : {arguments.a, arguments.b}) {
    std::error_code error;
    if (std::filesystem::equivalent(*arguments.out, compared, error)) {
      throw Error(ErrorKind::kUsage,
                  "--out '" + *arguments.out + "' is one of the folders that are compared; name another one");
    }
  }
  return std::make_unique<OutputDirectory>(*arguments.out, arguments.force
                                                               ? OutputDirectory::IfNotEmpty::kReplace
                                                               : OutputDirectory::IfNotEmpty::kRefuse);
}

void run_diff(const DiffArguments& arguments, const ConsoleOptions& console_options) {
  if (arguments.fail_over && std::isnan(*arguments.fail_over))
    throw Error(ErrorKind::kUsage, "--fail-over: nan is no number of bits; expected 0 to 1");
  DiffOptions options{.png = !arguments.no_png, .reductions = known_reductions()};
  options.render.theme = of_option("--theme", [&] { return parse_theme(arguments.theme); });
  options.render.fonts = arguments.fonts;
  options.render.system_fonts = !arguments.no_system_fonts;
  catch_signals();
  Console console(console_options);
  const auto folder = open_out(arguments);
  const MapsDiff diff = diff_maps(arguments.a, arguments.b, options, folder.get(), console);
  std::visit([&](const auto& found) { finish(found, arguments, console); }, diff);
}

void add_file_options(CLI::App& command, DiffArguments& a) {
  auto* out = command.add_option("--out", a.out, "Folder for diff.json and pictures of B - A; must be empty")
                  ->type_name("DIR")
                  ->group("Files");
  command.add_flag("--force", a.force, "Replace the files of an earlier diff in that folder")
      ->needs(out)
      ->group("Files");
  command.add_flag("--no-png", a.no_png, "Write only diff.json")->needs(out)->group("Files");
  command.add_option("--theme", a.theme, "light or dark")
      ->capture_default_str()
      ->needs(out)
      ->type_name("NAME")
      ->group("Drawing");
  command.add_option("--font", a.fonts, "Font file to use first; repeatable")
      ->allow_extra_args(false)
      ->needs(out)
      ->type_name("F")
      ->group("Drawing");
  command
      .add_flag("--no-system-fonts", a.no_system_fonts,
                "Only the embedded font and --font: the same pixels everywhere")
      ->needs(out)
      ->group("Drawing");
}

}  // namespace

void add_diff(CLI::App& app, ConsoleOptions& console) {
  auto arguments = std::make_shared<DiffArguments>();
  CLI::App* command = app.add_subcommand("diff", "Compare the maps of two runs, or of two batches");
  command->add_option("MAPS_A", arguments->a, "Folder of the run before")->required()->type_name("");
  command->add_option("MAPS_B", arguments->b, "Folder of the run after")->required()->type_name("");
  command
      ->add_option("--fail-over", arguments->fail_over,
                   "End with 1 when a JS divergence is over X bits, from 0 to 1")
      ->check(CLI::Range(0.0, 1.0).description(""))
      ->type_name("X")
      ->group("Comparison");
  command->add_flag("--json", arguments->json, "One JSON object instead of a table")->group("Comparison");
  add_file_options(*command, *arguments);
  auto* quiet = command->add_flag("--quiet", console.quiet, "No warnings, no progress")->group("Run");
  command->add_flag("--verbose", console.verbose, "Say more of an error")->excludes(quiet)->group("Run");
  command->footer("JS is the Jensen-Shannon divergence of the overall rows of " +
                  names_of(reductions_that(true), "and") +
                  ": 0 equal, 1 bit nothing "
                  "in\n"
                  "common. With --fail-over, output tokens and records that one side lacks end with 1, too.\n"
                  "\n"
                  "Examples:\n"
                  "  attnviz diff maps-before/ maps-after/\n"
                  "  attnviz diff maps-before/ maps-after/ --fail-over 0.05 --out diff/\n"
                  "\n"
                  "Exit codes: 0 done, 1 over --fail-over, 2 usage, 3 input, 4 output, 130 interrupted.");
  command->callback([arguments, &console] { run_diff(*arguments, console); });
}

}  // namespace attnviz::cli
