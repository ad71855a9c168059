#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "attnviz/report.h"
#include "report/npz_reader.h"

namespace attnviz::report {
namespace {

using Floats = std::vector<float>;
using Ints = std::vector<std::int64_t>;
using test::Npy, test::numbers, test::read_npy, test::unzip;

std::string refusal(const std::vector<NpzArray>& arrays) {
  try {
    npz(arrays);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "";
}

std::vector<NpzArray> two_arrays() {
  return {{"self.mean", {2, 1, 3}, Floats{0.25F, 0.5F, -1, 0, 1e-38F, 7}},
          {"self.queries", {2}, Ints{-1, 1LL << 40}}};
}

TEST(Npz, HoldsShapesTypesAndValues) {
  auto members = unzip(npz(two_arrays()));
  ASSERT_EQ(members.size(), 2U);
  const Npy mean = read_npy(members["self.mean.npy"]), queries = read_npy(members["self.queries.npy"]);
  EXPECT_EQ(mean.header, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1, 3), }");
  EXPECT_EQ(numbers<float>(mean), std::get<Floats>(two_arrays()[0].values));
  EXPECT_EQ(queries.header, "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }");
  EXPECT_EQ(numbers<std::int64_t>(queries), std::get<Ints>(two_arrays()[1].values));
}

TEST(Npz, TheSameArraysGiveTheSameBytes) {
  EXPECT_EQ(npz(two_arrays()), npz(two_arrays()));
  auto other = two_arrays();
  std::get<Floats>(other[0].values)[0] = 0.3F;
  EXPECT_NE(npz(other), npz(two_arrays()));
}

TEST(Npz, MayBeEmptyAndHaveAxesOfLengthZeroOrNone) {
  EXPECT_TRUE(unzip(npz({})).empty());
  auto members = unzip(npz(std::vector<NpzArray>{{"none", {3, 0, 5}, Floats{}}, {"one", {}, Ints{42}}}));
  EXPECT_NE(read_npy(members["none.npy"]).header.find("(3, 0, 5)"), std::string::npos);
  EXPECT_TRUE(read_npy(members["none.npy"]).values.empty());
  EXPECT_NE(read_npy(members["one.npy"]).header.find("'shape': ()"), std::string::npos);
  EXPECT_EQ(numbers<std::int64_t>(read_npy(members["one.npy"])), Ints{42});
}

TEST(Npz, HeadersOfEveryLengthAreAligned) {
  std::vector<NpzArray> arrays;
  for (std::size_t axes = 0; axes <= 32; ++axes)
    arrays.push_back({std::to_string(axes), Ints(axes, 1), Floats{1}});
  for (const auto& [name, bytes] : unzip(npz(arrays)))
    EXPECT_EQ(numbers<float>(read_npy(bytes)), Floats{1}) << name;
}

TEST(Npz, HoldsArraysLargerThanAPieceAndNamesInUtf8) {
  Floats values(5'000'001);
  std::iota(values.begin(), values.end(), 0.0F);
  const auto members = unzip(npz(std::vector<NpzArray>{{"кросс", {5'000'001}, values}}));
  ASSERT_TRUE(members.contains("кросс.npy"));
  EXPECT_EQ(numbers<float>(read_npy(members.at("кросс.npy"))), values);
}

TEST(Npz, RefusesWhatDoesNotAgree) {
  EXPECT_NE(refusal({{"a", {2, 3}, Floats(5)}}).find("has 5 values, its shape 6"), std::string::npos);
  EXPECT_NE(refusal({{"a", {-1}, Floats(1)}}).find("length -1"), std::string::npos);
  EXPECT_NE(refusal({{"a", {1LL << 40, 1LL << 40}, Floats{}}}).find("2^64"), std::string::npos);
  EXPECT_NE(refusal({{"a", Ints(33, 1), Floats(1)}}).find("32 axes"), std::string::npos);
  EXPECT_NE(refusal({{"", {0}, Floats{}}}).find("name"), std::string::npos);
  EXPECT_NE(refusal({{"../a", {0}, Floats{}}}).find("name"), std::string::npos);
  EXPECT_NE(refusal({{"a", {0}, Floats{}}, {"a", {0}, Floats{}}}).find("twice"), std::string::npos);
}

TEST(Npz, WhatTheWriterThrowsComesThrough) {
  const auto arrays = two_arrays();
  std::uint64_t room = 300;
  const auto write = [&room](std::uint64_t, std::string_view bytes) {
    if (bytes.size() > room) throw Error(ErrorKind::kOutput, "disk full");
    room -= bytes.size();
  };
  try {
    npz(arrays, write);
    ADD_FAILURE() << "it was not thrown";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "disk full");
  }
}

TEST(Npz, NumPyReadsIt) {
  const std::string python = "PATH=/usr/bin:$PATH python3 -c ";
  if (std::system((python + "'import numpy' 2>/dev/null").c_str()) != 0) GTEST_SKIP() << "no NumPy here";
  const auto path =
      std::filesystem::temp_directory_path() / ("attnviz-" + std::to_string(::getpid()) + ".npz");
  std::ofstream(path, std::ios::binary) << npz(two_arrays());
  const std::string script =
      "\"import numpy, sys; f = numpy.load(sys.argv[1]); m = f['self.mean']; q = f['self.queries']; "
      "assert sorted(f) == ['self.mean', 'self.queries']; assert m.dtype == 'float32' and m.shape == (2, 1, "
      "3); "
      "assert m[0, 0, 2] == -1 and m[1, 0, 2] == 7; assert q.tolist() == [-1, 1 << 40]\" ";
  EXPECT_EQ(std::system((python + script + path.string()).c_str()), 0);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace attnviz::report
