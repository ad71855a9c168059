#include "cli/command.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

namespace attnviz::testing {

namespace fs = std::filesystem;

std::string read_bytes(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

void write_bytes(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

namespace {

/// The command with its standard streams in files of `scratch`; 0 when it could not be started.
pid_t start(const std::vector<std::string>& arguments, const fs::path& folder, const ScratchFolder& scratch) {
  std::vector<std::string> words = {ATTNVIZ_COMMAND};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, scratch.str("in").c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, scratch.str("out").c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawn_file_actions_addopen(&files, 2, scratch.str("err").c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawn_file_actions_addchdir_np(&files, folder.c_str());
  pid_t child = 0;
  posix_spawnattr_t attributes;  // signals as in a shell, whatever the tests were started from
  posix_spawnattr_init(&attributes);
  sigset_t usual;
  sigemptyset(&usual);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGXFSZ, SIGPIPE}) sigaddset(&usual, signal);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  const bool started = ::posix_spawn(&child, argv[0], &files, &attributes, argv.data(), environ) == 0;
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return started ? child : 0;
}

Outcome outcome_of(int status, const ScratchFolder& scratch) {
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), read_bytes(scratch / "out"),
          read_bytes(scratch / "err")};
}

}  // namespace

Outcome run_attnviz(const std::vector<std::string>& arguments, const std::string& input,
                    const fs::path& folder) {
  const ScratchFolder scratch;
  write_bytes(scratch / "in", input);
  const pid_t child = start(arguments, folder, scratch);
  if (child == 0) return {};
  int status = 0;
  ::waitpid(child, &status, 0);
  return outcome_of(status, scratch);
}

Outcome run_attnviz_until(const std::function<bool()>& when, int signal,
                          const std::vector<std::string>& arguments, const fs::path& folder) {
  const ScratchFolder scratch;
  write_bytes(scratch / "in", "");
  const pid_t child = start(arguments, folder, scratch);
  if (child == 0) return {};
  int status = 0;
  while (!when()) {
    if (::waitpid(child, &status, WNOHANG) == child) return outcome_of(status, scratch);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ::kill(child, signal);
  ::waitpid(child, &status, 0);
  return outcome_of(status, scratch);
}

FileSizeLimit::FileSizeLimit(rlim_t bytes) {
  ::getrlimit(RLIMIT_FSIZE, &old_);
  const rlimit small{bytes, old_.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  handler_ = ::signal(SIGXFSZ, SIG_IGN);
}

FileSizeLimit::~FileSizeLimit() {
  ::setrlimit(RLIMIT_FSIZE, &old_);
  ::signal(SIGXFSZ, handler_);
}

std::map<std::string, std::string> read_tree(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    files[fs::relative(entry.path(), folder).string()] =
        entry.is_directory() ? "/" : read_bytes(entry.path());
  return files;
}

std::string violations(const std::string& document, const std::string& name) {
  const auto parse = [](const std::string& text) { return nlohmann::json::parse(text); };
  const auto text = parse(read_bytes(ATTNVIZ_SOURCE_DIR "/tests/schema/" + name + ".schema.json"));
  const auto checked = parse(document);
  valijson::Schema schema;
  valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(text), schema);
  valijson::ValidationResults results;
  valijson::Validator().validate(schema, valijson::adapters::NlohmannJsonAdapter(checked), &results);
  std::string all;
  for (valijson::ValidationResults::Error error; results.popError(error);) {
    for (const std::string& part : error.context) all += part;
    all += ": " + error.description + "\n";
  }
  return all;
}

}  // namespace attnviz::testing
