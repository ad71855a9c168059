// Code that reads or writes files is found by its text, in whatever method and module it stands.
#include "source/file_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/script.h>

#include "source/support.h"

namespace attnviz::source {

using testing::HasSubstr;

TEST(FileCalls, AreFoundInWhateverWayTheyAreWritten) {
  for (const char* code :
       {"torch.save(x, \"f\")", "ops.aten.save(x, \"f\")", "x.save(\"f\")", "torch . from_file\n  (\"f\")",
        "torch.\\\n save(x)", "torch.#\nsave(x)", "a = \"\\\"\"; x.save(a)",
        "getattr(torch, \"save\")(x, \"f\")", "getattr(f(x), 'from_file')(1)",
        "getattr(torch, \"sa\" \"ve\")(x)", "getattr(torch, \"sa\\x76e\")(x)"}) {
    EXPECT_NE(find_file_call(code), std::nullopt) << code;
  }
}

TEST(FileCalls, AreNotSeenWhereThereAreNone) {
  for (const char* code : {"x = \"torch.save(x)\"", "# torch.save(x)", "torch.saved(x)", "self.save",
                           "save(x)", "self.save.forward(x)", "getattr(self.layers, \"0\")",
                           "'''x.save(1)'''", "x = \"don't\"; y.size(0)", "\"unclosed .save("}) {
    EXPECT_EQ(find_file_call(code), std::nullopt) << code;
  }
}

namespace {

std::string refusal_of(const torch::jit::Module& module) {
  const zoo::TemporaryFolder folder;
  module.save(folder.path("model.pt"));
  return zoo::refusal(folder.path());
}

}  // namespace

TEST(FileCalls, AreRefusedInForward) {
  torch::jit::Module module("__torch__.Specimen");
  module.define(R"(
def forward(self, input_ids: Tensor):
    return torch.from_file("/etc/hostname", False, 1) + input_ids
)");
  EXPECT_THAT(refusal_of(module),
              HasSubstr("calls from_file in 'code/__torch__.py', which reads or writes files"));
}

TEST(FileCalls, AreRefusedInMethodsThatForwardDoesNotCall) {
  torch::jit::Module module("__torch__.Specimen");
  module.define(R"(
def forward(self, input_ids: Tensor):
    return input_ids + 1
def keep(self, x: Tensor):
    torch.save(x, "attnviz-was-here")
    return x
)");
  EXPECT_THAT(refusal_of(module),
              HasSubstr("calls save in 'code/__torch__.py', which reads or writes files"));
}

// What the search of the text should miss, the graph that it was compiled to still shows.
TEST(FileCalls, AreRefusedInWhatCodeWasCompiledTo) {
  torch::jit::Module module("__torch__.Compiled");
  module.define(R"(
def forward(self, x: Tensor):
    if bool(x.sum() > 0):
        for i in range(2):
            torch.save(x, "f")
    return x
)");
  std::string sentence;
  try {
    refuse_file_operators(module, "some/model.pt");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    sentence = error.what();
  }
  EXPECT_THAT(sentence, testing::StartsWith("the model 'some/model.pt' uses aten::save in "));
  EXPECT_THAT(sentence, testing::EndsWith(", which reads or writes files; attnviz does not run such models"));
  torch::jit::Module harmless("__torch__.Harmless");
  harmless.define("def forward(self, x: Tensor):\n    return x + 1\n");
  EXPECT_NO_THROW(refuse_file_operators(harmless, "some/model.pt"));
}

TEST(FileCalls, AreRefusedInSubmodules) {
  torch::jit::Module inner("__torch__.Inner");
  inner.define("def forward(self, x: Tensor):\n    torch.save(x, \"f\")\n    return x\n");
  torch::jit::Module outer("__torch__.Outer");
  outer.register_module("inner", inner);
  outer.define("def forward(self, x: Tensor):\n    return self.inner.forward(x)\n");
  EXPECT_THAT(refusal_of(outer), HasSubstr("which reads or writes files"));
}

}  // namespace attnviz::source
