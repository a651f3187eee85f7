// The arrows between floors point down, and other rules of the house. That the checks can fail is
// shown on trees made for it.
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "house/house_rules.h"
#include "temp_folder.h"

namespace headroom::house {
namespace {

const std::filesystem::path kProject = HEADROOM_SOURCE_DIR;

void expect_none(const Findings& findings) {
  EXPECT_TRUE(findings.empty()) << fmt::format("{}", fmt::join(findings, "\n"));
}

TEST(Arrows, IncludesPointDown) { expect_none(check_includes(kProject)); }
TEST(Arrows, LinksPointDown) { expect_none(check_links(kProject)); }
TEST(House, NobodyIncludesAllOfTorch) { expect_none(check_torch_header(kProject)); }
TEST(House, DevicesAreAskedInOnePlace) { expect_none(check_device_calls(kProject)); }
TEST(House, FilesAreShort) { expect_none(check_lengths(kProject)); }
TEST(House, NoPathsOfOneMachine) { expect_none(check_paths(kProject)); }

TEST(Arrows, AnIncludeUpwardsIsFound) {
  TempFolder tree;
  tree.write("src/audio/a.h", "#include \"base/error.h\"\n#include \"audio/b.h\"\n");
  tree.write("src/audio/b.cpp", "// fine\n\n  #  include \"models/dit.h\"\n");
  EXPECT_EQ(check_includes(tree.path()), Findings{"src/audio/b.cpp:3: models is above audio"});
}

TEST(Arrows, AFloorThatNobodyKnowsIsFound) {
  TempFolder tree;
  tree.write("src/attic/a.cpp", "#include \"base/error.h\"\n");
  tree.write("src/base/b.cpp", "#include \"b.h\"\n");
  EXPECT_EQ(check_includes(tree.path()), (Findings{"src/attic/a.cpp:1: 'attic' is not a floor",
                                                   "src/base/b.cpp:1: '' is not a floor"}));
}

TEST(Arrows, ALinkUpwardsIsFound) {
  TempFolder tree;
  tree.write("src/audio/CMakeLists.txt",
             "headroom_floor(audio ATEN\n  SOURCES a.cpp  # LINKS cli\n  LINKS base tensor)\n"
             "headroom_floor(audio_files SOURCES b.cpp LINKS audio EXTERNAL sndfile)\n");
  tree.write("src/base/CMakeLists.txt", "headroom_floor(base LINKS audio_files)\n");
  tree.write("src/tensor/CMakeLists.txt", "target_link_libraries(headroom_tensor headroom_cli)\n");
  EXPECT_EQ(check_links(tree.path()),
            (Findings{"src/base/CMakeLists.txt: base links audio_files, which is not below it",
                      "src/tensor/CMakeLists.txt: tensor links cli, which is not below it"}));
}

TEST(House, TheTorchHeaderIsFound) {
  TempFolder tree;
  tree.write("src/tensor/a.cpp", "\n#include <torch/torch.h>\n");
  EXPECT_EQ(check_torch_header(tree.path()).size(), 1U);
}

TEST(House, ARawDeviceCallIsFound) {
  TempFolder tree;
  tree.write("src/memory/cuda_device.cpp", "allocator::emptyCache();\n");
  tree.write("src/studio/a.cpp", "// fine\ncudaMallocAsync(&p, n, s);\n");
  EXPECT_EQ(check_device_calls(tree.path()),
            Findings{"src/studio/a.cpp:2: cudaMallocAsync is asked for through memory/device.h"});
}

TEST(House, ALongFileIsFound) {
  TempFolder tree;
  tree.write("src/base/short.cpp", std::string(kMostLines - 1, '\n'));
  tree.write("src/base/long.cpp", std::string(kMostLines, '\n'));
  EXPECT_EQ(check_lengths(tree.path()).size(), 1U);
}

TEST(House, APathOfOneMachineIsFound) {
  TempFolder tree;
  const std::string home = std::string("/") + "home/";
  tree.write("docs/a.md", "see src" + home + "x.h\nsee (" + home + "me/x)\n");
  tree.write("tests/data.bin", std::string("\0\n", 2) + home + "\n");
  EXPECT_EQ(check_paths(tree.path()),
            Findings{"docs/a.md:2: an absolute path of somebody's machine"});
}

}  // namespace
}  // namespace headroom::house
