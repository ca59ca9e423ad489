// Claims: encode() gives in memory what it writes; classes come with their probabilities; it prints nothing, tells its
// observer how far it is, and stops when asked, leaving nothing behind; a request that asks for nothing is refused.
#include "foresee/encode.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "data/picture/image.h"
#include "data/video/encode.h"
#include "jepa/core/files/file.h"
#include "jepa/core/torch.h"
#include "jepa/io/safetensors.h"
#include "tests/support/arm_model.h"
#include "tests/support/log_capture.h"
#include "tests/support/refusal.h"
#include "tests/support/silence.h"
#include "tests/support/small_media.h"
#include "tests/support/stop_after.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

using tests::drawing, tests::kSmallBase, tests::kSmallClassifier;

struct EncodeJob : testing::Test {
  void SetUp() override {
    std::filesystem::create_directory(folder / "media");
    data::write_image(folder / "media/a.png", drawing(60, 80, 0));
    std::vector<Tensor> frames;
    for (int64_t t = 0; t < 24; ++t) frames.push_back(drawing(48, 64, t));
    data::write_video(folder / "media/b.mp4", at::stack(frames), {.fps_numerator = 8});
  }
  EncodeRequest request(const char* model) const {
    return {.model = model, .inputs = {folder / "media"}, .options = {.device = Device::kCpu, .threads = 1}};
  }

  TemporaryFolder folder;
};

TEST_F(EncodeJob, GivesInMemoryWhatItWrites) {
  EncodeRequest wanted = request(kSmallBase);
  wanted.clips = 2;
  wanted.layers = {1, 0};
  wanted.out = folder / "e.safetensors";
  wanted.in_memory = true;
  EncodeResult result;
  {
    const Silence silence;
    result = encode(wanted);
  }
  EXPECT_FALSE(result.stopped);
  EXPECT_EQ(result.format, "huggingface");
  EXPECT_EQ(result.clips, 3);
  EXPECT_EQ(result.frames, 6);
  EXPECT_EQ(result.size, 48);
  EXPECT_EQ(result.shape, (std::vector<int64_t>{3, 2, 32}));
  ASSERT_EQ(result.inputs.size(), 2u);
  EXPECT_EQ(result.inputs[1].path, folder / "media/b.mp4");
  EXPECT_EQ(result.inputs[1].first_row, 1);
  EXPECT_EQ(result.inputs[1].rows, 2);
  EXPECT_EQ(result.embeddings.shape, result.shape);
  const Tensor written = load_safetensors(*wanted.out).at("embeddings").contiguous();
  ASSERT_EQ(written.numel(), static_cast<int64_t>(result.embeddings.values.size()));
  EXPECT_TRUE(
      std::equal(result.embeddings.values.begin(), result.embeddings.values.end(), written.const_data_ptr<float>()));
  EXPECT_GT(written.abs().max().item<float>(), 0);
}

TEST_F(EncodeJob, NamesClasses) {
  EncodeRequest wanted = request(kSmallClassifier);
  wanted.classifier = kSmallClassifier;
  wanted.top = 7;
  const EncodeResult result = encode(wanted);
  EXPECT_TRUE(result.embeddings.values.empty());
  ASSERT_EQ(result.inputs.size(), 2u);
  for (const auto& input : result.inputs) {
    ASSERT_EQ(input.classes.size(), 1u);
    EXPECT_EQ(input.classes[0].output, "linear");
    ASSERT_EQ(input.classes[0].top.size(), 7u);
    double sum = 0;
    for (const auto& found : input.classes[0].top) {
      sum += found.probability;
      EXPECT_EQ(found.label, "label " + std::to_string(found.index));
    }
    EXPECT_NEAR(sum, 1, 1e-5);
    EXPECT_GE(input.classes[0].top.front().probability, input.classes[0].top.back().probability);
  }
}

TEST_F(EncodeJob, StopsAndLeavesNothing) {
  EncodeRequest wanted = request(kSmallBase);
  wanted.clips = 4;
  wanted.out = folder / "e.npy";
  StopAfter stop(2);
  const int64_t before = count_entries(folder.path());
  const EncodeResult result = encode(wanted, stop.control());
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(stop.updates.back().unit, "clips");
  EXPECT_EQ(stop.updates.back().total, 5);
  EXPECT_LT(stop.updates.back().done, 5);
  EXPECT_EQ(count_entries(folder.path()), before);
}

TEST_F(EncodeJob, SaysThatAModelOfSeveralViewsGetsOne) {
  const std::filesystem::path model = write_arm_model(folder / "two");
  auto pictures = read_json(model / "preprocess.json");
  pictures["cameras"] = {"front", "wrist"};
  write_json(model / "preprocess.json", pictures);
  std::filesystem::remove(model / "manifest.json");
  EncodeRequest wanted = request(model.c_str());
  wanted.inputs = {folder / "media/a.png"};
  wanted.in_memory = true;
  const LogCapture log;
  encode(wanted);
  EXPECT_TRUE(says(log.text(), "learned 2 views (front, wrist) as one picture")) << log.text();
}

TEST_F(EncodeJob, RefusesWhatContradictsItself) {
  EncodeRequest nothing = request(kSmallBase);
  EXPECT_TRUE(says(refusal_of<Error>([&] { encode(nothing); }), "in memory"));
  EncodeRequest mixed = request(kSmallBase);
  mixed.in_memory = true;
  mixed.pooling = EncodeRequest::Pooling::kToken;
  EXPECT_TRUE(says(refusal_of<Error>([&] { encode(mixed); }), "different numbers of tokens"));
  mixed.size = 50;
  EXPECT_TRUE(says(refusal_of<Error>([&] { encode(mixed); }), "pictures of 50 px"));
}

}  // namespace
}  // namespace foresee
