// The start of the command with libraries that need another environment: a BLAS that is planted
// (planted_blas.cpp).
#include "cli/start/kernels.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/scripted_model.h"

namespace attnviz {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using testing::Outcome;
using testing::run_attnviz;
using testing::ScratchFolder;

const std::string kQa = ATTNVIZ_SOURCE_DIR "/examples/models/qa";

/// A variable of the environment while it lives; null for none.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* const before = std::getenv(name)) before_ = before;
    value != nullptr ? ::setenv(name, value, 1) : ::unsetenv(name);
  }
  ~Variable() { before_ ? ::setenv(name_, before_->c_str(), 1) : ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

class UnknownProcessorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    better_ = cli::better_kernel("Prescott", cli::this_processor()).value_or("");
    if (better_.empty()) GTEST_SKIP() << "this processor can do no more than the oldest kernels";
    if (::dlopen("libopenblas.so.0", RTLD_LAZY) == nullptr)
      GTEST_SKIP() << "libtorch does not run on OpenBLAS here";
  }
  /// The main job on standard input, which says why it computes as it does.
  Outcome run() const {
    return run_attnviz(
        {kQa, "--text-file", "-", "--no-png", "--verbose", "--force", "--out", scratch_.str("maps")},
        "the old bridge");
  }
  std::string text() const {
    return json::parse(testing::read_bytes(scratch_ / "maps/manifest.json"))["text"];
  }

  ScratchFolder scratch_;
  std::string better_;
  Variable planted_{"LD_LIBRARY_PATH", ATTNVIZ_PLANTED};
  Variable kernels_{"OPENBLAS_CORETYPE", nullptr}, waiting_{"OMP_WAIT_POLICY", nullptr};
  Variable plant_{"ATTNVIZ_PLANT", nullptr};
};

TEST_F(UnknownProcessorTest, GetsItsKernelsAndKeepsArgumentsAndInput) {
  const Outcome outcome = run();
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("kernels: " + better_ + ", in place of Prescott"));
  EXPECT_THAT(outcome.err, HasSubstr("waiting threads sleep"));
  EXPECT_EQ(text(), "the old bridge");
  EXPECT_THAT(run_attnviz({"--version"}).out, HasSubstr("OpenBLAS 0.3.21 (OpenMP), kernels: " + better_));
}

TEST_F(UnknownProcessorTest, KeepsTheLibrarysChoiceWhereTheBetterOneComputesWrongProducts) {
  const Variable plant("ATTNVIZ_PLANT", "wrong");
  const Outcome outcome = run();
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err,
              HasSubstr("kernels: Prescott, the library's choice; not " + better_ + ", whose sgemm of"));
  EXPECT_EQ(text(), "the old bridge");
}

TEST_F(UnknownProcessorTest, KeepsTheKernelsThatTheUserChose) {
  const Variable chosen("OPENBLAS_CORETYPE", "Prescott");
  EXPECT_THAT(run().err, HasSubstr("kernels: Prescott, as OPENBLAS_CORETYPE=Prescott says"));
}

TEST(Waiting, IsSaidAndLeftToTheUser) {
  const ScratchFolder scratch;
  const auto said = [&] {
    return run_attnviz(
               {kQa, "--text", "the", "--no-png", "--verbose", "--force", "--out", scratch.str("maps")})
        .err;
  };
  const Variable none("OMP_WAIT_POLICY", nullptr), no_count("GOMP_SPINCOUNT", nullptr);
  EXPECT_THAT(said(), HasSubstr("OMP_WAIT_POLICY=passive"));
  const Variable active("OMP_WAIT_POLICY", "active");
  EXPECT_THAT(said(), HasSubstr("as OMP_WAIT_POLICY=active says"));
}

/// Cores that a run of a model of large products used, while it ran, with so many threads.
double cores_used(const std::string& model, const std::string& out, const char* threads) {
  rusage before{}, after{};
  ::getrusage(RUSAGE_CHILDREN, &before);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(run_attnviz({model, "--ids", "1,2,3", "--no-png", "--threads", threads, "--out", out}).exit_code,
            0);
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  ::getrusage(RUSAGE_CHILDREN, &after);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return (seconds(after.ru_utime) + seconds(after.ru_stime) - seconds(before.ru_utime) -
          seconds(before.ru_stime)) /
         wall;
}

// A pool of OpenBLAS' own does not ask libtorch how many threads there may be.
TEST(Threads, OneThreadIsOneCore) {
  const ScratchFolder scratch;
  const std::string model = scratch.str("model.pt");
  testing::save_scripted(R"(
def forward(self, input_ids: Tensor) -> Tensor:
  T = input_ids.size(1)
  b = torch.ones([900, 900]) / 900.0
  a = b
  for i in range(40):
    a = torch.matmul(b, b)
  return torch.softmax(torch.zeros([1, 2, T, T]) + a[0, 0], -1)
)",
                         model);
  EXPECT_LE(cores_used(model, scratch.str("maps"), "1"), 1.05);
}

}  // namespace
}  // namespace attnviz
