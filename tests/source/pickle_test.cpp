// Pickles are followed as far as tensors need it: those of PyTorch are sound, damaged ones are not believed.
#include "source/pickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "source/support.h"
#include "source/zips.h"

namespace attnviz::source {

namespace {

using testing::HasSubstr;

const std::string kData = zoo::data_path("");

std::optional<std::uint64_t> no_record(std::string_view) { return std::nullopt; }

// A tensor [2, 3] of `count` float numbers under the key "0", as PyTorch writes it: its storage, where it
// begins, its sizes and its strides.
std::string tensor(char count, char first, char rows) {
  const auto text = [](const std::string& value) {
    std::string word = {'X', static_cast<char>(value.size()), '\0', '\0', '\0'};
    return word.append(value);
  };
  const std::string storage =
      "(" + text("storage") + "ctorch\nFloatStorage\n" + text("0") + text("cpu") + "K" + count + "tQ";
  return std::string("\x80\x02") + "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + "K" + first + "K" +
         rows + "K\x03\x86K\x03K\x01\x86\x89" + "tR.";
}

std::string trouble(const std::string& bytes, std::uint64_t record = 24) {
  return find_pickle_trouble(bytes, [&](std::string_view) { return std::optional(record); }).value_or("");
}

}  // namespace

TEST(Pickle, OfEveryArchiveIsSound) {
  int pickles = 0;
  for (const auto& file : std::filesystem::directory_iterator(kData)) {
    const std::string name = file.path().filename().string();
    if (file.path().extension() != ".pt" || name == "refused-legacy-pickle.pt") continue;
    const std::vector<zoo::Part> parts = zoo::parts_of(file.path().string());
    for (const zoo::Part& one : parts) {
      if (!one.name.ends_with("/data.pkl") && !one.name.ends_with("/constants.pkl")) continue;
      ++pickles;
      EXPECT_EQ(find_pickle_trouble(one.content, no_record), std::nullopt) << name;
      EXPECT_NE(find_pickle_trouble(one.content.substr(0, one.content.size() - 1), no_record), std::nullopt);
    }
  }
  EXPECT_GT(pickles, 60);
}

TEST(Pickle, SaysWhereATensorHasFewerBytesThanNumbers) {
  EXPECT_EQ(trouble(tensor(6, 0, 2)), "");
  EXPECT_EQ(trouble(tensor(6, 0, 2), 23), "its tensor '0' has 23 bytes of 24");
  EXPECT_EQ(trouble(tensor(7, 0, 2)), "its tensor '0' has 24 bytes of 28");
  EXPECT_EQ(trouble(tensor(5, 0, 2)), "one of its tensors reaches beyond its numbers");
  EXPECT_EQ(trouble(tensor(6, 1, 2)), "one of its tensors reaches beyond its numbers");
  EXPECT_EQ(trouble(tensor(6, 0, 3)), "one of its tensors reaches beyond its numbers");
  EXPECT_EQ(trouble(tensor(6, 5, 0)), "");
}

TEST(Pickle, ThatTakesMoreThanItGaveIsSaid) {
  for (const char* bytes :
       {"\x80\x02t.", "a.", "R.", "Q.", "(a.", "h\x05.", "Nq", "", "X\xff\xff\xff\xff.", "N\x87."}) {
    EXPECT_NE(trouble(bytes), "") << bytes;
  }
}

TEST(Pickle, OfTuplesInTuplesEnds) {
  const std::string tuples(200000, '\x85'), marks(200000, '(');
  EXPECT_EQ(trouble(")" + tuples + "."), "");
  EXPECT_EQ(trouble(marks + "."), "");
}

}  // namespace attnviz::source
