// What the command decides before libtorch is loaded; nothing here needs a BLAS.
#include "cli/start/start.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "cli/start/products.h"

namespace attnviz::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Processor kOld{}, kAvx2{.avx2 = true}, kAvx512{.avx2 = true, .avx512 = true};

Environment environment(const std::map<std::string, std::string>& variables) {
  return [variables](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST(BetterKernel, IsTheBestThatTheProcessorCanDo) {
  struct Row {
    const char* machine;
    const char* chosen;
    Processor processor;
    const char* better;  ///< "" for none.
  };
  const Row rows[] = {
      {"Emerald Rapids (family 6, model 207) with OpenBLAS 0.3.21", "Prescott", kAvx512, "SkylakeX"},
      {"Sapphire Rapids, known", "SapphireRapids", kAvx512, ""},
      {"Zen 4, known by its AVX-512", "Cooperlake", kAvx512, ""},
      {"Zen 4 with a library that knows its family alone", "Zen", kAvx512, "SkylakeX"},
      {"Skylake server whose system saves no AVX-512 registers", "Haswell", kAvx2, ""},
      {"Alder Lake, unknown to an old library", "Prescott", kAvx2, "Haswell"},
      {"the same where the library writes its name otherwise", "PRESCOTT", kAvx2, "Haswell"},
      {"a guest whose processor is unknown but has AVX", "Sandybridge", kAvx2, "Haswell"},
      {"Zen 3", "Zen", kAvx2, ""},
      {"Haswell", "Haswell", kAvx2, ""},
      {"Excavator: has AVX2, and kernels of its own", "Excavator", kAvx2, ""},
      {"Ivy Bridge", "Sandybridge", kOld, ""},
      {"Pentium 4", "Prescott", kOld, ""},
      {"a processor and a library of later years", "DiamondRapids", kAvx512, ""},
      {"no x86-64", "NEOVERSEN1", kOld, ""},
  };
  for (const Row& row : rows)
    EXPECT_EQ(better_kernel(row.chosen, row.processor).value_or(""), row.better) << row.machine;
}

TEST(Waiting, IsPassiveUnlessTheUserSaidAnything) {
  std::vector<std::string> said;
  std::map<std::string, std::string> made;
  for (const Change& change : choose_waiting(environment({}), said))
    made[change.variable] = change.value.value();
  EXPECT_EQ(made["OMP_WAIT_POLICY"], "passive");
  for (const char* name : {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"}) {
    std::vector<std::string> why;
    EXPECT_THAT(choose_waiting(environment({{name, "x"}}), why), IsEmpty()) << name;
    EXPECT_THAT(why, ElementsAre(HasSubstr(std::string(name) + "=x"))) << name;
  }
  for (const Change& change : choose_waiting(environment({{"OPENBLAS_THREAD_TIMEOUT", "20"}}), said))
    EXPECT_NE(change.variable, "OPENBLAS_THREAD_TIMEOUT");
}

/// Goes through starts as prepare() does, with an OpenBLAS that runs `own` unless it is told otherwise.
struct Starts {
  int count = 1;
  std::string kernel;
  std::vector<std::string> said;
};

Starts start(const std::string& own, const Processor& processor, std::map<std::string, std::string> variables,
             const std::string& broken = "") {
  Starts starts;
  for (std::optional<std::string> started_for;; ++starts.count) {
    starts.said.clear();
    Blas blas{.kind = BlasKind::kOpenBlas};
    blas.kernel = variables.contains("OPENBLAS_CORETYPE") ? variables["OPENBLAS_CORETYPE"] : own;
    const auto wrong = [&] {
      return blas.kernel == broken ? std::string("sgemm of 1 x 1 by 1") : std::string();
    };
    const auto changes =
        choose_kernel(blas, processor, environment(variables), started_for, wrong, starts.said);
    starts.kernel = blas.kernel;
    if (changes.empty() || starts.count == 9) return starts;
    started_for.reset();
    for (const Change& change : changes) {
      if (change.variable == kStartedFor) {
        started_for = change.value;
      } else if (change.value) {
        variables[change.variable] = *change.value;
      } else {
        variables.erase(change.variable);
      }
    }
  }
}

TEST(Start, OnAKnownProcessorHappensOnce) {
  const Starts once = start("Cooperlake", kAvx512, {});
  EXPECT_EQ(once.count, 1);
  EXPECT_THAT(once.said, ElementsAre("kernels: Cooperlake, the library's choice"));
}

TEST(Start, OnAnUnknownProcessorHappensAgainWithItsKernels) {
  const Starts twice = start("Prescott", kAvx512, {});
  EXPECT_EQ(twice.count, 2);
  EXPECT_EQ(twice.kernel, "SkylakeX");
  EXPECT_THAT(twice.said,
              ElementsAre(AllOf(HasSubstr("SkylakeX, in place of Prescott"), HasSubstr("checked"))));
}

TEST(Start, KernelsThatComputeWrongProductsAreNotUsed) {
  const Starts thrice = start("Prescott", kAvx512, {}, "SkylakeX");
  EXPECT_EQ(thrice.count, 3);
  EXPECT_EQ(thrice.kernel, "Prescott");
  EXPECT_THAT(thrice.said, ElementsAre(AllOf(HasSubstr("Prescott, the library's choice; not SkylakeX"),
                                             HasSubstr("sgemm of 1 x 1 by 1"))));
}

TEST(Start, KernelsThatTheUserChoseAreKept) {
  const Starts once = start("Prescott", kAvx512, {{"OPENBLAS_CORETYPE", "Prescott"}}, "Prescott");
  EXPECT_EQ(once.count, 1);
  EXPECT_THAT(once.said, ElementsAre(HasSubstr("OPENBLAS_CORETYPE=Prescott")));
}

TEST(Start, ALibraryWithoutBetterKernelsKeepsItsOwn) {
  std::vector<std::string> said;
  const Blas blas{.kind = BlasKind::kOpenBlas, .kernel = "Prescott"};
  const auto right = [] { return std::string(); };
  EXPECT_THAT(choose_kernel(blas, kAvx512, environment({{"OPENBLAS_CORETYPE", "SkylakeX"}}), "try:Prescott",
                            right, said),
              IsEmpty());
  EXPECT_THAT(said, ElementsAre(HasSubstr("the library's choice; it has no others")));
}

TEST(Start, OfAKernelThatTheLibraryDoesNotHaveIsNotCalledTheUsersChoice) {
  const Blas blas{.kind = BlasKind::kOpenBlas, .kernel = "Haswell"};
  const auto said_of = [&](const char* asked) {
    std::vector<std::string> said;
    EXPECT_THAT(choose_kernel(blas, kAvx512, environment({{"OPENBLAS_CORETYPE", asked}}), {}, {}, said),
                IsEmpty());
    return said;
  };
  EXPECT_THAT(said_of("HASWELL"), ElementsAre(HasSubstr("as OPENBLAS_CORETYPE=HASWELL says")));
  for (const char* unknown : {"rubbish", ""})
    EXPECT_THAT(said_of(unknown), ElementsAre(HasSubstr("the library's choice; OPENBLAS_CORETYPE='" +
                                                        std::string(unknown) + "' names none")));
}

TEST(Start, OtherLibrariesAreLeftAlone) {
  std::vector<std::string> said;
  for (const BlasKind kind : {BlasKind::kMkl, BlasKind::kBlis, BlasKind::kReference, BlasKind::kUnknown})
    EXPECT_THAT(choose_kernel({.kind = kind}, kAvx512, environment({}), {}, {}, said), IsEmpty());
  EXPECT_THAT(said, IsEmpty());
}

// A BLAS of plain loops, right but for what is planted.
template <class Number>
void multiply(const char* ta, const char* tb, const int* m, const int* n, const int* k, const Number* alpha,
              const Number* a, const int* lda, const Number* b, const int* ldb, const Number* beta, Number* c,
              const int* ldc) {
  for (int j = 0; j < *n; ++j) {
    for (int i = 0; i < *m; ++i) {
      Number sum = 0;
      for (int l = 0; l < *k; ++l)
        sum += (*ta == 'T' ? a[i * *lda + l] : a[l * *lda + i]) *
               (*tb == 'T' ? b[l * *ldb + j] : b[j * *ldb + l]);
      Number& out = c[j * *ldc + i];
      out = *alpha * sum + *beta * out;
    }
  }
}

void times_vector(const char* trans, const int* m, const int* n, const float* alpha, const float* a,
                  const int* lda, const float* x, const int*, const float* beta, float* y, const int*) {
  const int one = 1, length = *trans == 'T' ? *n : *m, inner = *trans == 'T' ? *m : *n;
  multiply<float>(trans, "N", &length, &one, &inner, alpha, a, lda, x, &inner, beta, y, &length);
}

const BlasProducts kRight{multiply<float>, multiply<double>, times_vector};

TEST(Products, ThatAreRightPass) { EXPECT_EQ(wrong_product(kRight), ""); }

TEST(Products, ThatAreWrongInOneNumberAreFound) {
  BlasProducts wrong = kRight;
  wrong.sgemm = [](const char* ta, const char* tb, const int* m, const int* n, const int* k,
                   const float* alpha, const float* a, const int* lda, const float* b, const int* ldb,
                   const float* beta, float* c, const int* ldc) {
    multiply(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    if (*m == 65 && *ta == 'T' && *tb == 'N') c[48 * *ldc + 64] *= 1.001F;
  };
  EXPECT_EQ(wrong_product(wrong), "sgemm of 65 x 97 by 49 (TN)");
  wrong = kRight;
  wrong.dgemm = [](auto... arguments) {
    multiply<double>(arguments...);
    *std::get<11>(std::tuple(arguments...)) = 0;
  };
  EXPECT_THAT(wrong_product(wrong), HasSubstr("dgemm"));
  wrong = kRight;
  wrong.sgemv = [](const char* trans, const int* m, const int* n, const float* alpha, const float* a,
                   const int* lda, const float* x, const int* incx, const float* beta, float* y,
                   const int* incy) {
    times_vector(trans, m, n, alpha, a, lda, x, incx, beta, y, incy);
    if (*trans == 'T') y[*n - 1] = std::numeric_limits<float>::quiet_NaN();
  };
  EXPECT_THAT(wrong_product(wrong), HasSubstr("sgemv"));
}

TEST(Products, ThatWriteBetweenColumnsAreFound) {
  BlasProducts wrong = kRight;
  wrong.sgemm = [](auto... arguments) {
    multiply<float>(arguments...);
    const auto all = std::tuple(arguments...);
    std::get<11>(all)[*std::get<2>(all)] = 2;
  };
  EXPECT_THAT(wrong_product(wrong), HasSubstr("sgemm of 1 x 1 by 1"));
}

}  // namespace
}  // namespace attnviz::cli
