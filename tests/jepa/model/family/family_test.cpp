// Claims: the table knows every form of every family; a model's family decides what can be done with it; a family that
// this program has never heard of needs one row.
#include "jepa/model/family/family.h"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>

#include "foresee/export/export_run.h"
#include "foresee/inspect/inspect_run.h"
#include "foresee/model/model_access.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/torch.h"
#include "tests/jepa/model/family/toy_family.h"
#include "tests/support/arm_model.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

const fs::path kFixtures = "tests/fixtures/vjepa2", kShipped = "tools/assets/two_room";

std::string family_name(const fs::path& path) {
  const Family* family = find_family(path);
  return family == nullptr ? "" : family->name + " " + family->form(path);
}

TEST(Families, AreRecognisedInEveryForm) {
  const TemporaryFolder folder;
  write_arm_model(folder / "arm");
  EXPECT_EQ(family_name(kShipped), "lewm foresee");
  EXPECT_EQ(family_name("tests/fixtures/lewm/tiny"), "lewm swm");
  EXPECT_EQ(family_name(kFixtures / "hf_classifier"), "vjepa2 hf");
  EXPECT_EQ(family_name(kFixtures / "official_pt" / "latest.pt"), "vjepa2 official");
  EXPECT_EQ(family_name(kFixtures / "official_ac" / "latest.pt"), "vjepa2_ac official");
  EXPECT_EQ(family_name(folder / "arm"), "vjepa2_ac foresee");
  for (const char* other : {"README.md", "no/such/path", "tests/fixtures"}) EXPECT_EQ(family_name(other), "") << other;
}

TEST(Families, SayWhatIsWrongWithWhatIsNoModel) {
  const TemporaryFolder folder;
  const auto refusal = [](const fs::path& path) { return refusal_of<CheckpointError>([&] { family_of(path); }); };
  EXPECT_TRUE(says(refusal("no/such/path"), "no such file or folder"));
  EXPECT_TRUE(says(refusal("tests/fixtures"), "no config.json"));
  EXPECT_TRUE(says(refusal("README.md"), "no model of a known family (lewm, vjepa2, vjepa2_ac)"));
  EXPECT_TRUE(says(refusal(kFixtures / "official_pt" / "truncated.pt"), "truncated"));
  write_toy_model(folder / "toy");
  EXPECT_TRUE(says(refusal(folder / "toy"), "family 'toy', which is not known; known families: lewm"));
  EXPECT_TRUE(says(refusal_of<CheckpointError>([] { load_world_model(kFixtures / "hf_classifier"); }),
                   "a model of family 'vjepa2' plans no actions; families that do: lewm, vjepa2_ac"));
  EXPECT_TRUE(says(refusal_of<ConfigError>([] { family_of_preset("vit_larg"); }), "vit_large"));
}

TEST(Families, TakeActionsInPlaceOfTheFoldersOwn) {
  int64_t asked = 0;
  const auto actions = [&](int64_t block_size) {
    asked = block_size;
    return ActionSpec{.size = 1, .block = block_size};
  };
  EXPECT_EQ(load_world_model(kShipped, {.actions = actions})->action_spec().block, 10);
  EXPECT_EQ(asked, 10);
}

class ToyFamily : public ::testing::Test {
 protected:
  void SetUp() override {
    write_toy_model(model_);
    known_.push_back(toy_family());
  }
  TemporaryFolder folder_;
  fs::path model_ = folder_ / "toy";
  std::vector<Family> known_ = families();
};

TEST_F(ToyFamily, IsRecognisedAndLoaded) {
  EXPECT_EQ(find_family(model_), nullptr);
  ASSERT_NE(find_family(model_, known_), nullptr);
  EXPECT_EQ(load_world_model(model_, WorldModelOptions{}, known_)->action_spec().size, 2);
  EXPECT_EQ(find_family(kShipped, known_)->name, "lewm") << "the others stay";
}

TEST_F(ToyFamily, SaysWhatItIsEncodesAndPlans) {
  const Model model = ModelAccess::open({.model = model_, .device = Device::kCpu}, known_);
  EXPECT_EQ(model.info().family, "toy");
  EXPECT_EQ(model.info().parameters, 4);
  EXPECT_EQ(model.picture().size, 8);
  const Tensor now = at::full({8, 8, 3}, 100, at::kByte),
               goal = at::tensor({151, 49, 0}, at::kByte).expand({8, 8, 3}).contiguous();
  const auto view = [](const Tensor& picture) { return PictureView{picture.const_data_ptr<uint8_t>(), 8, 8}; };
  const PictureView both[] = {view(now), view(goal)};
  const Array<float> seen = model.encode(both);
  EXPECT_EQ(seen.shape, (std::vector<int64_t>{2, 2}));
  EXPECT_NEAR(seen.values[2], 151 / 255.0, 1e-5);
  const auto plan = model.plan({.observed = {{.pictures = {both[0]}}}, .goal = {.pictures = {both[1]}}});
  double red = 0, green = 0;
  for (const auto& action : plan.actions) {
    red += action[0];
    green += action[1];
  }
  EXPECT_NEAR(red, 2, 0.3) << "0.2 more red, 0.1 an action";
  EXPECT_NEAR(green, -2, 0.3);
}

TEST_F(ToyFamily, IsInspectedAndExported) {
  const InspectResult found = inspect({.path = model_}, {}, known_);
  EXPECT_EQ(found.family, "toy");
  EXPECT_EQ(found.elements, 4);
  EXPECT_EQ(inspect({.path = model_}).family, "") << "the list of this program does not know it";
  const ExportResult written = export_model({.model = model_, .format = "foresee", .out = folder_ / "out"}, {}, known_);
  EXPECT_EQ(written.family, "toy");
  EXPECT_EQ(written.parameters, 4);
  EXPECT_NE(find_family(folder_ / "out", known_), nullptr);
  EXPECT_TRUE(says(refusal_of<CheckpointError>(
                       [&] { export_model({.model = model_, .format = "hf", .out = folder_ / "hf"}, {}, known_); }),
                   "written as foresee"));
}

/// Whether a file may name a family: it is of one, or trains one.
bool belongs_to_a_family(const std::string& path) {
  for (const char* room : {"jepa/model/family/", "jepa/model/lewm/", "jepa/model/vjepa2/", "jepa/model/vjepa2_ac/",
                           "jepa/train/", "foresee/train/", "foresee/pretrain/", "tools/cli/train/"})
    if (path.starts_with(room)) return true;
  return false;
}

TEST(Families, AreComparedByNameInTheirOwnFilesOnly) {
  std::string names;
  for (const Family& family : families()) names += (names.empty() ? "" : "|") + family.name;
  const std::regex compares("(==|!=) *\"(" + names + ")\"|load_model_folder\\([^\"]*\"(" + names + ")\"");
  int files = 0;
  for (const char* top : {"jepa", "data", "planner", "foresee", "tools"})
    for (const auto& entry : fs::recursive_directory_iterator(top)) {
      const std::string path = entry.path().generic_string();
      if ((!path.ends_with(".cpp") && !path.ends_with(".h")) || belongs_to_a_family(path)) continue;
      ++files;
      const std::string text = read_file(path);
      EXPECT_FALSE(std::regex_search(text, compares)) << path;
    }
  EXPECT_GT(files, 100) << "run from the root of the source tree";
}

}  // namespace
}  // namespace foresee
