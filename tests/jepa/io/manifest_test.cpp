#include "jepa/io/manifest.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/io/checkpoint.h"
#include "jepa/io/model_folder.h"
#include "tests/support/log_capture.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

void flip_bit(const fs::path& file, size_t byte) {
  std::string bytes = read_file(file);
  bytes.at(byte) = static_cast<char>(bytes.at(byte) ^ 4);
  std::ofstream(file, std::ios::binary) << bytes;  // in place, as a disk would
}

class ManifestTest : public ::testing::Test {
 protected:
  ManifestTest() {
    fs::create_directories(folder_);
    write_file(folder_ / "model.safetensors", "weights");
    write_file(folder_ / "optimizer.safetensors", "moments");
    write_file(folder_ / "config.json", "{}");
    write_file(folder_ / "README.md", "card");
  }
  std::string damage(ManifestScope scope = ManifestScope::kResume,
                     const std::optional<CheckpointOrigin>& expected = {}) const {
    return manifest_damage(folder_, scope, expected).value_or("none");
  }

  TemporaryFolder root_;
  fs::path folder_ = root_ / "m";
};

TEST_F(ManifestTest, AFolderAsItWasWrittenHasNoDamage) {
  write_manifest(folder_);
  EXPECT_EQ(damage(), "none");
  const auto files = read_json(folder_ / kManifestFile).at("files");
  EXPECT_EQ(files.at("model.safetensors").at("bytes"), 7);
  EXPECT_FALSE(files.contains("README.md"));
}

TEST_F(ManifestTest, AFolderWithoutOneIsTakenAsItIs) {
  flip_bit(folder_ / "model.safetensors", 0);
  EXPECT_EQ(damage(), "none");
}

TEST_F(ManifestTest, EveryFlippedBitIsNoticed) {
  write_manifest(folder_);
  for (size_t byte = 0; byte < 7; ++byte) {
    flip_bit(folder_ / "model.safetensors", byte);
    EXPECT_EQ(damage(ManifestScope::kModel), "model.safetensors: its bytes changed since it was written");
    flip_bit(folder_ / "model.safetensors", byte);
  }
  EXPECT_EQ(damage(), "none");
  const size_t size = fs::file_size(folder_ / kManifestFile);
  for (size_t byte = 0; byte < size; ++byte) {
    if (std::isspace(static_cast<unsigned char>(read_file(folder_ / kManifestFile)[byte]))) continue;
    flip_bit(folder_ / kManifestFile, byte);
    const LogCapture log;  // config.json may be told as edited
    const bool told = damage() != "none" || !log.text().empty();
    flip_bit(folder_ / kManifestFile, byte);
    EXPECT_TRUE(told) << "byte " << byte << " of " << read_file(folder_ / kManifestFile);
  }
}

TEST_F(ManifestTest, TheOptimizerCountsForResumingOnly) {
  write_manifest(folder_);
  flip_bit(folder_ / "optimizer.safetensors", 3);
  EXPECT_EQ(damage(ManifestScope::kModel), "none");
  EXPECT_EQ(damage(ManifestScope::kResume), "optimizer.safetensors: its bytes changed since it was written");
}

TEST_F(ManifestTest, MissingAndCutFilesAreNamed) {
  write_manifest(folder_);
  write_file(folder_ / "model.safetensors", "weigh");
  EXPECT_EQ(damage(), "model.safetensors: has 5 bytes, expected 7");
  fs::remove(folder_ / "model.safetensors");
  EXPECT_EQ(damage(), "model.safetensors: is missing");
}

TEST_F(ManifestTest, AConfigMayBeEditedWithALine) {
  write_manifest(folder_);
  write_file(folder_ / "config.json", "{\"a\": 1}");
  const LogCapture log;
  EXPECT_EQ(damage(), "none");
  EXPECT_TRUE(says(log.text(), "config.json: changed since the program wrote it"));
}

TEST_F(ManifestTest, NamesNoFileElsewhere) {
  write_json(folder_ / kManifestFile, {{"files", {{"../x", {{"bytes", 1}, {"crc32c", "0"}}}}}});
  EXPECT_EQ(damage(), "manifest.json: names a file elsewhere");
}

TEST_F(ManifestTest, ACheckpointKnowsItsStepAndItsRun) {
  write_manifest(folder_, CheckpointOrigin{20, "aa"});
  EXPECT_EQ(damage(ManifestScope::kModel, CheckpointOrigin{20, "aa"}), "none");
  EXPECT_EQ(damage(ManifestScope::kModel, CheckpointOrigin{20, ""}), "none");
  EXPECT_TRUE(says(damage(ManifestScope::kModel, CheckpointOrigin{10, "aa"}), "of step 20, not of step 10"));
  EXPECT_TRUE(says(damage(ManifestScope::kModel, CheckpointOrigin{20, "bb"}), "another run"));
}

/// A model folder whose one weight is `value`.
void save_model(const fs::path& folder, float value, const std::optional<CheckpointOrigin>& origin = {}) {
  ModelFolder model;
  model.family = "lewm";
  model.model = nlohmann::json::object();
  model.weights = {{"w", torch::full({100}, value)}};
  save_model_folder(folder, model);
  if (origin) write_manifest(folder, origin);
}

TEST(ModelManifest, ADamagedModelIsRefusedAndNamed) {
  const TemporaryFolder folder;
  save_model(folder / "m", 1);
  EXPECT_EQ(load_model_folder(folder / "m").weights.size(), 1u);
  flip_bit(folder / "m" / "model.safetensors", fs::file_size(folder / "m" / "model.safetensors") - 1);
  const std::string refusal = refusal_of<CheckpointError>([&] { load_model_folder(folder / "m"); });
  EXPECT_TRUE(says(refusal, (folder / "m").string() + " is damaged: model.safetensors"));
}

TEST(ModelManifest, ARunGoesBackToTheCheckpointBeforeADamagedOne) {
  const TemporaryFolder run;
  for (const int step : {10, 20})
    save_model(checkpoint_folder(run / "r", step), static_cast<float>(step), {{step, ""}});
  const auto weight = [&] { return load_model_folder(run / "r").weights.at("w")[0].item<float>(); };
  EXPECT_EQ(weight(), 20);
  const fs::path last = checkpoint_folder(run / "r", 20) / "model.safetensors";
  flip_bit(last, fs::file_size(last) - 2);
  const LogCapture log;
  EXPECT_EQ(weight(), 10);
  EXPECT_TRUE(says(log.text(), "step-20 is damaged: model.safetensors"));
  EXPECT_EQ(resolve_model_folder(run / "r"), checkpoint_folder(run / "r", 20));  // reads no weights
}

TEST(ModelManifest, ExchangedCheckpointsAreRefused) {
  const TemporaryFolder run;
  for (const int step : {10, 20})
    save_model(checkpoint_folder(run / "r", step), static_cast<float>(step), {{step, ""}});
  fs::rename(checkpoint_folder(run / "r", 10), run / "x");
  fs::rename(checkpoint_folder(run / "r", 20), checkpoint_folder(run / "r", 10));
  fs::rename(run / "x", checkpoint_folder(run / "r", 20));
  const LogCapture log;
  const std::string refusal = refusal_of<CheckpointError>([&] { load_model_folder(run / "r"); });
  EXPECT_TRUE(says(refusal, "no sound checkpoint"));
}

}  // namespace
}  // namespace foresee
