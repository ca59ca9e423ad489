// Claims: a file of torch-world's LeWM is a model of this program, with the sizes that config.json or options say
// (the numbers: parity_test.cpp, tools/parity/torch_world_models.py).
#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/torch.h"
#include "jepa/io/pt_write.h"
#include "jepa/io/safetensors.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/lewm/files/folder.h"
#include "jepa/model/lewm/world_model.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;
const fs::path kCase = "tests/fixtures/lewm/torch_world";

struct TorchWorldTest : ::testing::Test {
  TorchWorldTest() {
    fs::create_directories(folder / "m");
    fs::copy_file(kCase / "weights.safetensors", folder / "m" / "model.safetensors");
    options.image_size = 16;
    options.heads = 2;
    options.predictor_heads = 2;
  }
  /// The option that an error asks for; empty: none.
  std::string asked_for() const {
    try {
      load_lewm_folder(folder / "m", options);
    } catch (const UnknownSizeError& error) {
      return error.option();
    }
    return "";
  }
  const TemporaryFolder folder;
  ReadOptions options;
};

TEST_F(TorchWorldTest, FolderOfOneFileIsRead) {
  ASSERT_TRUE(is_lewm(folder / "m"));
  ASSERT_FALSE(is_swm(folder / "m"));
  const ModelFolder read = load_lewm_folder(folder / "m", options);
  const LewmConfig config = lewm_config(read.model, "test");
  EXPECT_EQ(config.predictor.blocks, LewmBlocks::kDit);
  EXPECT_EQ(config.predictor.frames, 2);
  EXPECT_EQ(config.vit.image_size, 16);
  check_state_dict(*Lewm(config), read.weights, "test");
  EXPECT_EQ(read.preprocess.std.front(), 1);  // pictures from 0 to 1
  EXPECT_EQ(lewm_pictures(folder / "m", options).size, 16);
}

TEST_F(TorchWorldTest, ConfigSaysWhatOptionsDoNot) {
  fs::copy_file(kCase / "config.json", folder / "m" / "config.json");
  const ModelFolder by_options = load_lewm_folder(folder / "m", options), by_config = load_lewm_folder(folder / "m");
  EXPECT_EQ(by_options.model, by_config.model);
  EXPECT_TRUE(at::equal(by_options.weights.at("encoder.embeddings.position_embeddings"),
                        by_config.weights.at("encoder.embeddings.position_embeddings")));
}

TEST_F(TorchWorldTest, AsksForWhatNothingSays) {
  EXPECT_EQ(asked_for(), "");
  options.image_size.reset();
  EXPECT_EQ(asked_for(), "image_size");
  options.image_size = 16;
  options.heads.reset();
  EXPECT_EQ(asked_for(), "heads");
}

TEST_F(TorchWorldTest, PlansAlsoBehindAWrapper) {
  fs::create_directories(folder / "wrapped");
  save_pt(folder / "wrapped" / "last.ckpt",
          with_prefix_added(load_safetensors(kCase / "weights.safetensors"), "model."));
  write_json(folder / "wrapped" / "actions.json",
             {{"size", 2}, {"block", 2}, {"mean", {0.0, 0.0}}, {"std", {1.0, 1.0}}});
  const fs::path file = folder / "wrapped" / "last.ckpt";
  const auto model = LewmWorldModel::from(load_lewm_folder(file, options), file.string(), at::kCPU);
  EXPECT_EQ(model->action_spec().block_size(), 4);
}

TEST_F(TorchWorldTest, RefusesWhatItCannotRead) {
  const auto says = [&](const std::string& text) {
    const std::string message = refusal_of<CheckpointError>([&] { load_lewm_folder(folder / "m", options); });
    EXPECT_NE(message.find(text), std::string::npos) << message;
  };
  write_json(folder / "m" / "config.json", {{"encoder", {{"use_rope", true}}}});
  says("encoder.use_rope");
  write_json(folder / "m" / "config.json", {{"encoder", {{"img_size", "wide"}}}});
  options.image_size.reset();
  says("img_size");
  fs::remove(folder / "m" / "config.json");
  options.image_size = 4;  // smaller than a patch
  says("at least a patch");
}

}  // namespace
}  // namespace foresee
