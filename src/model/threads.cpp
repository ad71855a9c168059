#include "model/threads.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>

#include <exception>

namespace attnviz::model {
namespace {

/// Calls `name`, a function of some library in this process that takes the number by value; does nothing
/// where there is none.
template <class Number>
void call_if_there(const char* name, Number threads) {
  void* const function = ::dlsym(RTLD_DEFAULT, name);
  if (function != nullptr) reinterpret_cast<void (*)(Number)>(function)(threads);
}

}  // namespace

void bound_threads(int threads) {
  at::set_num_threads(threads);
  call_if_there("omp_set_num_threads", threads);
  // OpenBLAS has two variants: one that asks OpenMP, and one with threads of its own, as many as there are
  // cores.
  call_if_there("openblas_set_num_threads", threads);
  call_if_there("MKL_Set_Num_Threads", threads);
  call_if_there("bli_thread_set_num_threads", static_cast<long>(threads));  // BLIS counts in its dim_t
  try {
    // What a graph forks runs while the thread that forked it waits, mostly.
    if (at::get_num_interop_threads() != 1) at::set_num_interop_threads(1);
  } catch (const std::exception&) {
    // It can be set once in a process, and before anything was forked: another model was loaded before.
  }
}

}  // namespace attnviz::model
