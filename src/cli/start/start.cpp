#include "cli/start/start.h"

#include <dlfcn.h>
#include <strings.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "cli/start/products.h"

namespace attnviz::cli {
namespace {

constexpr const char* kKernels = "OPENBLAS_CORETYPE";

std::optional<std::string> variable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

void make(const std::vector<Change>& changes) {
  for (const Change& change : changes) {
    change.value ? ::setenv(change.variable.c_str(), change.value->c_str(), 1)
                 : ::unsetenv(change.variable.c_str());
  }
}

/// Returns where it cannot be done: there may be no /proc.
void start_again(char** argv) {
  std::array<char, 4096> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (length > 0) ::execv(path.data(), argv);
}

/// The BLAS that libtorch will load, loaded before it. Not where libtorch brings its own.
void* load_blas() {
  const std::string name = ATTNVIZ_BLAS;
  return name.empty() ? nullptr : ::dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL);
}

std::string rest_of(const std::string& text, const std::string& start) {
  return text.starts_with(start) ? text.substr(start.size()) : std::string();
}

}  // namespace

std::vector<Change> choose_waiting(const Environment& environment, std::vector<std::string>& sentences) {
  for (const char* name : {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"}) {
    if (const auto value = environment(name)) {
      sentences.push_back("waiting threads: as " + std::string(name) + "=" + *value + " says");
      return {};
    }
  }
  sentences.emplace_back("waiting threads sleep (OMP_WAIT_POLICY=passive): they leave the cores to others");
  std::vector<Change> changes = {{"OMP_WAIT_POLICY", "passive"}};
  // OpenBLAS' own threads, of its pthread variant: the least that it takes, 2^4 cycles.
  if (!environment("OPENBLAS_THREAD_TIMEOUT")) changes.push_back({"OPENBLAS_THREAD_TIMEOUT", "4"});
  return changes;
}

std::vector<Change> choose_kernel(const Blas& blas, const Processor& processor,
                                  const Environment& environment,
                                  const std::optional<std::string>& started_for,
                                  const std::function<std::string()>& wrong,
                                  std::vector<std::string>& sentences) {
  if (blas.kind != BlasKind::kOpenBlas) return {};
  const std::string runs = "kernels: " + blas.kernel;
  const std::string tried = started_for ? rest_of(*started_for, "try:") : "";
  const std::string refused = started_for ? rest_of(*started_for, "refuse:") : "";
  const auto asked = environment(kKernels);
  if (!tried.empty() && asked) {
    const std::string failed = wrong();
    if (!failed.empty())
      return {{kKernels, std::nullopt},
              {kStartedFor, "refuse:" + *asked + ", whose " + failed + " is wrong"}};
    sentences.push_back(blas.kernel == tried
                            ? runs + ", the library's choice; it has no others for this processor"
                            : runs + ", in place of " + tried +
                                  ", which the library chose; their products were checked");
  } else if (!refused.empty()) {
    sentences.push_back(runs + ", the library's choice; not " + refused);
  } else if (asked) {
    sentences.push_back(::strcasecmp(asked->c_str(), blas.kernel.c_str()) == 0
                            ? runs + ", as OPENBLAS_CORETYPE=" + *asked + " says"
                            : runs + ", the library's choice; OPENBLAS_CORETYPE='" + *asked +
                                  "' names none that it has for this processor");
  } else if (const auto better = better_kernel(blas.kernel, processor); better && !started_for) {
    sentences.push_back(runs + ", the library's choice, though the processor can do " + *better +
                        ": the process could not be started again; set OPENBLAS_CORETYPE=" + *better);
    return {{kKernels, *better}, {kStartedFor, "try:" + blas.kernel}};
  } else {
    sentences.push_back(runs + ", the library's choice");
  }
  return {};
}

Start prepare(char** argv) {
  Start start;
  const auto started_for = variable(kStartedFor);
  ::unsetenv(kStartedFor);
  const std::vector<Change> waiting = choose_waiting(variable, start.sentences);
  make(waiting);
  void* const library = load_blas();
  if (library == nullptr) return start;
  const Blas blas = recognise_blas(library);
  const auto wrong = [&blas] { return wrong_product(blas.products); };
  const std::vector<Change> changes =
      choose_kernel(blas, this_processor(), variable, started_for, wrong, start.sentences);
  if (changes.empty()) return start;
  make(changes);
  for (const Change& change : waiting) ::unsetenv(change.variable.c_str());  // the next one chooses by itself
  start_again(argv);
  if (started_for) {
    start.warnings.push_back("OpenBLAS computes wrong products, and attnviz cannot start itself again; set " +
                             std::string(kKernels) + "=Prescott");
  }
  // It cannot be done, and the variables would be no truth of this process.
  ::unsetenv(kStartedFor);
  ::unsetenv(kKernels);
  make(waiting);
  return start;
}

}  // namespace attnviz::cli
