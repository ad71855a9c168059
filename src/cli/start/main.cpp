// The program `attnviz`. It is linked with no library that reads the environment while it is loaded, makes
// that what it has to be, and only then loads the command, with libtorch and all else.
#include <dlfcn.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>

#include "cli/entry.h"
#include "cli/start/start.h"

namespace {

constexpr int kNotLoaded = 127;  ///< What the dynamic loader ends a program with whose libraries are missing.

/// The folder of this program, with a slash at its end; empty where there is no /proc.
std::string own_folder() {
  std::array<char, 4096> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  const std::string file = length > 0 ? path.data() : "";
  return file.substr(0, file.rfind('/') + 1);
}

/// Beside the program as it is built, where it is installed, or where the program's search path leads to.
void* load_command() {
  const std::string folder = own_folder();
  for (const std::string& file :
       {folder + ATTNVIZ_COMMAND_FILE, folder + ATTNVIZ_COMMAND_FOLDER "/" ATTNVIZ_COMMAND_FILE,
        std::string(ATTNVIZ_COMMAND_FILE)}) {
    if (file != ATTNVIZ_COMMAND_FILE && ::access(file.c_str(), F_OK) != 0) continue;
    return ::dlopen(file.c_str(), RTLD_LAZY | RTLD_GLOBAL);
  }
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  const attnviz::cli::Start start = attnviz::cli::prepare(argv);
  void* const command = load_command();
  using Run = decltype(&attnviz_command);
  const auto run = command == nullptr ? nullptr : reinterpret_cast<Run>(::dlsym(command, "attnviz_command"));
  if (run != nullptr) return run(argc, argv, start);
  std::fprintf(stderr, "attnviz: error: the command cannot be loaded: %s; install attnviz again\n",
               ::dlerror());
  return kNotLoaded;
}
