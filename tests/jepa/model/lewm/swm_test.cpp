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
#include "jepa/model/lewm/files/folder.h"
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

TEST(SwmFolder, OfSeveralFilesIsReadByTheFile) {
  const TemporaryFolder folder;
  add_file(kTiny / "config.json", folder / "m" / "config.json");
  for (const char* name : {"weights_epoch_1.pt", "weights_epoch_2.pt"})
    add_file(kTiny / "weights.pt", folder / "m" / name);
  EXPECT_TRUE(says(refusal_of<CheckpointError>([&] { load_lewm_folder(folder / "m"); }),
                   "weights_epoch_1.pt, weights_epoch_2.pt"));
  EXPECT_EQ(load_lewm_folder(folder / "m" / "weights_epoch_2.pt").weights.size(),
            load_lewm_folder(kTiny).weights.size());
}

TEST(SwmFolder, OfTheFirstReleasesIsRead) {
  const TemporaryFolder folder;
  auto config = read_json(kTiny / "config.json");
  config["_target_"] = "jepa.JEPA";
  config["predictor"]["_target_"] = "module.ARPredictor";
  add_file(kTiny / "weights.pt", folder / "m" / "weights.pt");
  write_json(folder / "m" / "config.json", config);
  EXPECT_TRUE(is_lewm(folder / "m"));
  EXPECT_EQ(load_lewm_folder(folder / "m").weights.size(), load_lewm_folder(kTiny).weights.size());
}

TEST(SwmNames, OfTransformersGoBothWays) {
  const TensorMap four = load_safetensors(kTiny / "weights.safetensors"), five = with_transformers5_names(four);
  EXPECT_TRUE(five.contains("encoder.layers.0.attention.o_proj.weight"));
  EXPECT_TRUE(five.contains("encoder.layers.0.mlp.fc2.weight"));
  const TensorMap back = with_transformers4_names(five);
  ASSERT_EQ(back.size(), four.size());
  for (const auto& [name, tensor] : four) EXPECT_TRUE(back.contains(name)) << name;
  const nlohmann::json names = read_json("tests/fixtures/lewm/full_size_names.json");
  ASSERT_FALSE(names.at("tensors").empty());
  for (const auto& row : names.at("tensors")) {
    const TensorMap renamed = with_transformers5_names({{row.at("name").get<std::string>(), Tensor()}});
    EXPECT_EQ(renamed.begin()->first, row.at("tf5_name"));
  }
}

/// The sizes that tensors do not show.
ReadOptions tiny_heads() {
  ReadOptions options;
  options.heads = 3;
  options.predictor_heads = 4;
  return options;
}

/// A model of the file alone has the sizes that its config.json says.
void expect_sizes_of_tiny(const fs::path& file) {
  ASSERT_TRUE(is_lewm(file));
  const ModelFolder read = load_lewm_folder(file, tiny_heads());
  auto wanted = lewm_config(read_json(kTiny / "config.json"), "test"), found = lewm_config(read.model, "test");
  EXPECT_EQ(config_json(found), config_json(wanted));
  check_state_dict(*Lewm(found), with_transformers4_names(read.weights), "test");
}

TEST(LewmFile, WithoutItsConfigHasTheSizesOfItsTensors) {
  const TemporaryFolder folder;
  add_file(kTiny / "weights.pt", folder / "alone" / "model.pt");
  expect_sizes_of_tiny(folder / "alone" / "model.pt");
  const auto option = [&](const ReadOptions& options) -> std::string {
    try {
      load_lewm_folder(folder / "alone" / "model.pt", options);
    } catch (const UnknownSizeError& error) {
      return error.option();
    }
    return "";
  };
  EXPECT_EQ(option({}), "heads");
}

TEST(LewmFile, IsReadBesideWhatATrainerSavedWithIt) {
  const TemporaryFolder folder;
  const TensorMap model = load_safetensors(kTiny / "weights.safetensors");
  TensorMap trained = with_prefix_added(model, "model.");
  trained["sigreg.knots"] = torch::zeros({17});
  fs::create_directories(folder / "t");
  save_pt(folder / "t" / "last.ckpt",
          {{"state_dict", trained}, {"optimizer_states", TensorMap{{"exp_avg", torch::zeros({2})}}}});
  expect_sizes_of_tiny(folder / "t" / "last.ckpt");
  save_pt(folder / "t" / "two.pt", {{"model", model}, {"ema", model}});
  EXPECT_TRUE(says(refusal_of<CheckpointError>([&] { load_lewm_folder(folder / "t" / "two.pt", tiny_heads()); }),
                   "2 LeWMs, expected one; their names begin with 'ema.', ''"));
}

TEST(LewmFile, OfAHierarchyGivesItsFirstLevel) {
  const TemporaryFolder folder;
  TensorMap levels{{"jepas.1.encoder.encoder.fc1.weight", torch::zeros({2, 2})},
                   {"jepas.0.encoder.encoder.embeddings.mask_token", torch::zeros({1, 1, 48})}};
  for (const auto& [name, tensor] : load_safetensors(kTiny / "weights.safetensors")) {
    std::string theirs = name;
    const auto rename = [&](const std::string& ours, const std::string& other) {
      if (name.starts_with(ours)) theirs = other + name.substr(ours.size());
    };
    rename("encoder.", "encoder.encoder.");
    rename("projector.", "encoder.projector.");
    rename("predictor.", "predictor.predictor.");
    rename("pred_proj.", "predictor.projector.");
    levels.emplace("jepas.0." + theirs, tensor);
  }
  fs::create_directories(folder / "h");
  save_safetensors(folder / "h" / "hjepa.safetensors", levels);
  expect_sizes_of_tiny(folder / "h" / "hjepa.safetensors");
}

}  // namespace
}  // namespace foresee
