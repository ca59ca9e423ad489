#include "jepa/io/model_folder.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/io/checkpoint.h"
#include "jepa/io/safetensors.h"
#include "tests/support/log_capture.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

ModelFolder small_model(float value = 1) {
  ModelFolder model;
  model.family = "lewm";
  model.preset = "small";
  model.model = {{"width", 48}, {"depth", 2}};
  model.preprocess.size = 64;
  model.actions =
      ActionSpec{.size = 2, .block = 5, .low = {-1, -1}, .high = {1, 1}, .mean = {0.25, 0}, .std = {0.5, 1.0 / 3}};
  model.weights = {{"a.weight", torch::full({2, 3}, value)}, {"a.bias", torch::zeros(2)}};
  return model;
}

std::string refusal_of_model(const fs::path& path, const std::string& family = "") {
  return refusal_of<CheckpointError>([&] { load_model_folder(path, family); });
}

class ModelFolderTest : public ::testing::Test {
 protected:
  void SetUp() override { save_model_folder(path_, small_model()); }

  TemporaryFolder folder_;
  fs::path path_ = folder_ / "model";
};

TEST_F(ModelFolderTest, RoundTrips) {
  const auto saved = small_model(), read = load_model_folder(path_, "lewm");
  EXPECT_EQ(read.family, "lewm");
  EXPECT_EQ(read.preset, "small");
  EXPECT_EQ(read.model, saved.model);
  EXPECT_EQ(read.preprocess.size, 64);
  EXPECT_EQ(read.preprocess.mean, saved.preprocess.mean);
  ASSERT_TRUE(read.actions);
  EXPECT_EQ(read.actions->block, 5);
  EXPECT_EQ(read.actions->std, saved.actions->std);  // to the last bit
  ASSERT_EQ(read.weights.size(), 2u);
  EXPECT_TRUE(at::equal(read.weights.at("a.weight"), torch::ones({2, 3})));
}

TEST_F(ModelFolderTest, ARunThatWroteNoCheckpointYetSaysSo) {
  fs::create_directory(folder_ / "run");
  write_file(folder_ / "run" / ".run", "0123abcd\n");
  write_json(folder_ / "run" / "config.json", {{"family", "lewm"}, {"data", {"log.npz"}}});
  EXPECT_TRUE(says(refusal_of_model(folder_ / "run"), "this run has no checkpoint yet"));
}

TEST_F(ModelFolderTest, ItsWeightFileStandsForIt) {
  EXPECT_EQ(own_folder_of(path_ / "model.safetensors"), path_);
  EXPECT_EQ(own_folder_of(path_), path_);
  EXPECT_EQ(own_folder_of(path_ / "config.json"), path_ / "config.json");
  fs::create_directory(folder_ / "theirs");
  fs::copy_file(path_ / "model.safetensors", folder_ / "theirs" / "model.safetensors");
  write_json(folder_ / "theirs" / "config.json", {{"model_type", "vjepa2"}});
  EXPECT_EQ(own_folder_of(folder_ / "theirs/model.safetensors"), folder_ / "theirs/model.safetensors");
}

TEST_F(ModelFolderTest, AModelWithoutActionsRemovesTheActionsOfAnEarlierOne) {
  auto model = small_model();
  model.actions.reset();
  save_model_folder(path_, model);
  EXPECT_FALSE(load_model_folder(path_).actions);
}

TEST_F(ModelFolderTest, ARunIsItsLatestCheckpoint) {
  const fs::path run = folder_ / "run";
  for (const int step : {5, 10, 100}) save_model_folder(checkpoint_folder(run, step), small_model(float(step)));
  const auto loaded_value = [&] { return load_model_folder(run).weights.at("a.weight")[0][0].item<float>(); };
  EXPECT_EQ(loaded_value(), 100);  // newest by number, not by name
  write_file(run / "latest", "step-10\n");
  EXPECT_EQ(loaded_value(), 10);
  for (const char* broken : {"", "step-11", "step-x", "step-10/../step-5", "\xff\xff"}) {
    write_file(run / "latest", broken);
    EXPECT_EQ(loaded_value(), 100) << broken;
  }
  EXPECT_EQ(load_model_folder(run / "checkpoints" / "step-5").weights.at("a.weight")[0][0].item<float>(), 5);
}

TEST_F(ModelFolderTest, ARunWithoutCheckpointsSaysSo) {
  fs::create_directories(folder_ / "run" / "checkpoints" / ".step-5.tmp-1");
  EXPECT_TRUE(says(refusal_of_model(folder_ / "run"), "no checkpoint yet"));
}

TEST_F(ModelFolderTest, NamesWhatIsNotAFolder) {
  EXPECT_TRUE(says(refusal_of_model(folder_ / "absent"), "no such folder"));
  EXPECT_TRUE(says(refusal_of_model(path_ / "config.json"), "is a file"));
}

TEST_F(ModelFolderTest, NamesTheFileThatIsMissing) {
  for (const char* name : {"config.json", "preprocess.json", "model.safetensors"}) {
    save_model_folder(path_, small_model());
    fs::remove(path_ / name);
    EXPECT_TRUE(says(refusal_of_model(path_), std::string(name) == "model.safetensors"
                                                  ? "is damaged: model.safetensors: is missing"
                                                  : path_.string() + ": no " + name));
    fs::remove(path_ / kManifestFile);
    EXPECT_TRUE(says(refusal_of_model(path_), path_.string() + ": no " + name));
  }
}

TEST_F(ModelFolderTest, NamesBothFamilies) {
  EXPECT_EQ(refusal_of_model(path_, "vjepa2"),
            "expected a model of family 'vjepa2', got 'lewm' (" + (path_ / "config.json").string() + ")");
}

TEST_F(ModelFolderTest, RefusesAConfigOfAnotherForm) {
  for (const auto& [text, part] : std::vector<std::pair<std::string, std::string>>{
           {"{", "not valid JSON"},
           {"[]", "expected an object"},
           {R"({"model": {}})", "no key 'family'"},
           {R"({"model_type": "vjepa2"})", "another program"},
           {R"({"family": 1, "model": {}})", "family"},
           {R"({"family": "lewm"})", "model"},
           {R"({"family": "lewm", "model": []})", "model"},
           {R"({"family": "lewm", "model": {}, "presett": "x"})", "did you mean 'preset'"}}) {
    write_file(path_ / "config.json", text);
    EXPECT_TRUE(says(refusal_of_model(path_), part));
    EXPECT_TRUE(says(refusal_of_model(path_), (path_ / "config.json").string()));
  }
}

TEST_F(ModelFolderTest, RefusesPreprocessingAndActionsThatCannotBe) {
  write_file(path_ / "preprocess.json", R"({"size": 64, "mean": [0, 0], "std": [1, 1, 1]})");
  EXPECT_TRUE(says(refusal_of_model(path_), path_.string()));
  write_file(path_ / "preprocess.json", R"({"size": 64, "std": [1, 0, 1]})");
  EXPECT_TRUE(says(refusal_of_model(path_), "std > 0"));
  write_file(path_ / "preprocess.json", R"({"sise": 64})");
  EXPECT_TRUE(says(refusal_of_model(path_), "did you mean 'size'"));
  write_file(path_ / "preprocess.json", "{}");
  write_file(path_ / "actions.json", R"({"size": 2, "std": [1]})");
  EXPECT_TRUE(says(refusal_of_model(path_), path_.string()));
}

TEST_F(ModelFolderTest, RefusesWeightsThatAreNotFiniteUnlessTheyAreAllowed) {
  auto model = small_model();
  for (const double bad : {std::nan(""), HUGE_VAL}) {
    model.weights["a.bias"] = torch::tensor({0.0, bad}, at::kBFloat16);
    save_model_folder(path_, model);
    EXPECT_TRUE(says(refusal_of<CheckpointError>([&] { load_model_folder(path_); }), "1 of 2 tensors hold NaN"));
    const LogCapture lines;
    EXPECT_EQ(load_model_folder(path_, "", /*allow_nan=*/true).weights.size(), 2u);
    const std::string log = lines.text();
    EXPECT_TRUE(says(log, "1 of 2 tensors"));
    EXPECT_TRUE(says(log, "a.bias"));
  }
  const LogCapture lines;
  model.weights["a.bias"] = torch::full({4}, 3e38f);  // finite, though their float32 sum is not
  save_model_folder(path_, model);
  load_model_folder(path_);
  EXPECT_EQ(lines.text(), "");
}

TEST(Preprocess, NormalisesChannels) {
  Preprocess preprocess;
  preprocess.mean = {0, 0.5, 1};
  preprocess.std = {1, 0.5, 0.25};
  const Tensor frames = torch::full({2, 3, 4, 5}, 255, at::kByte);
  const Tensor result = preprocess.normalise(frames);
  EXPECT_EQ(describe(result), "[2, 3, 4, 5] float32");
  EXPECT_EQ(result[1][0][3][4].item<float>(), 1);
  EXPECT_EQ(result[1][1][3][4].item<float>(), 1);
  EXPECT_EQ(result[1][2][3][4].item<float>(), 0);
  EXPECT_EQ(frames.min().item<int>(), 255);  // the input is left alone
}

TEST(Preprocess, RefusesFramesOfAnotherForm) {
  EXPECT_THROW(Preprocess().normalise(torch::ones({4, 4, 3}, at::kByte)), Error);
  EXPECT_THROW(Preprocess().normalise(torch::ones({3, 4, 4})), Error);
}

}  // namespace
}  // namespace foresee
