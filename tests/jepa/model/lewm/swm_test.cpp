// Claims: the folders that stable-worldmodel publishes are world models as they are, with the ViT names of either
// version of transformers; what we write for it is what it wrote.
#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/torch.h"
#include "jepa/io/pt_file.h"
#include "jepa/io/pt_write.h"
#include "jepa/io/safetensors.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/lewm/folder.h"
#include "jepa/model/lewm/lewm.h"
#include "jepa/model/lewm/world_model.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

const fs::path kTiny = "tests/fixtures/lewm/tiny", kProjected = "tests/fixtures/lewm/tiny_proj";

void add_file(const fs::path& from, const fs::path& to) {
  fs::create_directories(to.parent_path());
  fs::copy_file(from, to);
}

TEST(SwmFolder, IsAModelFolderOfFamilyLewm) {
  const ModelFolder folder = load_lewm_folder(kTiny);
  EXPECT_EQ(folder.family, "lewm");
  EXPECT_EQ(folder.preprocess.size, 32);
  const TensorMap expected = load_safetensors(kTiny / "weights.safetensors");
  ASSERT_EQ(folder.weights.size(), expected.size());
  for (const auto& [name, tensor] : expected) EXPECT_TRUE(at::equal(folder.weights.at(name), tensor)) << name;
}

TEST(SwmFolder, IsAWorldModelOnceItsActionsAreKnown) {
  const TemporaryFolder folder;
  for (const char* name : {"config.json", "weights.pt"}) add_file(kTiny / name, folder / "m" / name);
  EXPECT_TRUE(says(refusal_of<CheckpointError>([&] { load_world_model(folder / "m"); }), "actions.json"));
  write_json(folder / "m" / "actions.json", config_json(ActionSpec{.size = 2, .block = 5}));
  EXPECT_EQ(load_world_model(folder / "m")->preprocess().size, 32);
}

TEST(SwmFolder, IsReadUnderBothNamesOfTheViT) {
  const TemporaryFolder folder;
  add_file(kProjected / "config.json", folder / "m" / "config.json");
  add_file(kProjected / "weights_tf5_names.pt", folder / "m" / "weights.pt");
  write_json(folder / "m" / "actions.json", config_json(ActionSpec{.size = 2, .block = 2}));
  const ModelFolder read = load_lewm_folder(folder / "m");
  const auto model = LewmWorldModel::from(read, "test");
  const TensorMap expected = load_safetensors(kProjected / "weights.safetensors");
  for (const auto& [name, tensor] : state_dict(*model->model()))
    EXPECT_TRUE(at::equal(tensor, expected.at(name))) << name;
}

TEST(SwmFolder, WrittenConfigsAreWhatUpstreamWrote) {
  for (const fs::path& source : {kTiny, kProjected}) {
    const auto original = read_json(source / "config.json");
    EXPECT_EQ(nlohmann::json(swm_config(lewm_config(original, "test"))), original) << source;
  }
}

TEST(SwmFolder, WrittenWeightsReadBack) {
  const TemporaryFolder folder;
  const ModelFolder original = load_lewm_folder(kTiny);
  save_pt(folder / "weights.pt", original.weights);
  const PtFile file(folder / "weights.pt");
  for (const auto& [name, tensor] : file.tensors(file.root(), "weights"))
    EXPECT_TRUE(at::equal(tensor, original.weights.at(name))) << name;
}

}  // namespace
}  // namespace foresee
