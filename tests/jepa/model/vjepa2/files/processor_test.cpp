// Claims: every key of a processor of transformers is taken, in each of its forms, or refused by name; copies of cases
// made after public reports give what their READMEs say.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/model/vjepa2/files/readers.h"
#include "tests/support/log_capture.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kCases = "tests/fixtures/cases/model";

struct ProcessorFile : testing::Test {
  void SetUp() override { write_json(folder / "config.json", {{"model_type", "vjepa2"}, {"crop_size", 32}}); }

  PictureSpec read(const json& change, const char* name = "video_preprocessor_config.json") {
    json object = read_json(kCases / "00_base_hf/video_preprocessor_config.json");
    for (const auto& [key, value] : change.items()) object[key] = value;
    write_json(folder / name, object);
    return huggingface_pictures(folder.path());
  }
  std::string refusal(const json& change) {
    return refusal_of<CheckpointError>([&] { read(change); });
  }

  TemporaryFolder folder;
};

TEST_F(ProcessorFile, SaysWhatUpstreamDoes) {
  const PictureSpec spec = read(json::object());
  EXPECT_EQ(spec.size, 32);
  EXPECT_EQ(spec.picture, PictureShape::kShorterSide);
  EXPECT_EQ(spec.resized, std::vector<int64_t>{36});
  EXPECT_EQ(spec.transform, PictureTransform::kHuggingFace);
  EXPECT_EQ(spec.interpolation, Interpolation::kBilinear);
  EXPECT_EQ(spec.scale, 1.0 / 255);
}

TEST_F(ProcessorFile, IsHonouredKeyByKey) {
  EXPECT_EQ(read({{"do_normalize", false}}).mean, (std::vector<double>{0, 0, 0}));
  EXPECT_EQ(read({{"do_normalize", false}}).std, (std::vector<double>{1, 1, 1}));
  EXPECT_EQ(read({{"do_rescale", false}}).scale, 1);
  EXPECT_EQ(read({{"rescale_factor", 0.5}}).scale, 0.5);
  EXPECT_EQ(read({{"do_resize", false}}).picture, PictureShape::kCenter);
  EXPECT_EQ(read({{"do_resize", false}, {"do_center_crop", false}}).picture, PictureShape::kNone);
  EXPECT_EQ(read({{"resample", 3}}).interpolation, Interpolation::kBicubic);
  EXPECT_EQ(read({{"resample", 0}}).interpolation, Interpolation::kNearest);
  EXPECT_EQ(read({{"image_mean", 0.5}}).mean, (std::vector<double>{0.5, 0.5, 0.5}));
  EXPECT_EQ(read({{"image_std", {0.1, 0.2, 0.3}}}).std, (std::vector<double>{0.1, 0.2, 0.3}));
  for (const json& crop : {json(48), json{{"height", 48}, {"width", 48}}, json{48, 48}}) {
    const PictureSpec spec = read({{"crop_size", crop}});
    EXPECT_EQ(spec.size, 48) << crop;
    EXPECT_EQ(spec.resized, std::vector<int64_t>{54}) << "as VJEPA2VideoProcessor computes it";
  }
}

TEST_F(ProcessorFile, OfAnotherClassTakesSizeInEveryForm) {
  const auto other = [&](const json& size, bool cut = true) {
    return read({{"video_processor_type", "VideoMAEVideoProcessor"},
                 {"size", size},
                 {"do_center_crop", cut},
                 {"default_to_square", false}});
  };
  EXPECT_EQ(other({{"shortest_edge", 40}}).resized, std::vector<int64_t>{40});
  EXPECT_EQ(other(40).picture, PictureShape::kShorterSide);
  EXPECT_EQ(other({{"height", 40}, {"width", 60}}).resized, (std::vector<int64_t>{40, 60}));
  EXPECT_EQ(other({{"height", 40}, {"width", 60}}).picture, PictureShape::kResize);
  EXPECT_EQ(other({{"height", 40}, {"width", 40}}, /*cut=*/false).size, 40);
  const auto refused = [&](const json& size, bool cut = true) {
    return refusal_of<CheckpointError>([&] { other(size, cut); });
  };
  EXPECT_TRUE(says(refused({{"height", 40}, {"width", 60}}, /*cut=*/false), "size"));
  EXPECT_TRUE(says(refused({{"longest_edge", 40}}), "size {\"longest_edge\":40}"));
  EXPECT_TRUE(says(refused({{"shortest_edge", 40}, {"longest_edge", 80}}), "size"));
  EXPECT_TRUE(says(refused({{"shortest_edge", 40}}, /*cut=*/false), "size"));
}

TEST_F(ProcessorFile, IsRefusedByTheNameOfTheKey) {
  EXPECT_TRUE(says(refusal({{"do_center_crop", false}}), "do_center_crop"));
  for (const int64_t filter : {1, 4, 5, 9}) EXPECT_TRUE(says(refusal({{"resample", filter}}), "resample"));
  EXPECT_TRUE(says(refusal({{"crop_size", {{"height", 32}, {"width", 48}}}}), "crop_size"));
  EXPECT_TRUE(says(refusal({{"crop_size", {{"shortest_edge", 32}}}}), "crop_size"));
  EXPECT_TRUE(says(refusal({{"crop_size", "large"}}), "crop_size"));
  EXPECT_TRUE(says(refusal({{"crop_pct", 0.875}}), "crop_pct"));
  EXPECT_TRUE(says(refusal({{"do_pad", true}}), "do_pad"));
  EXPECT_TRUE(says(refusal({{"size_divisor", 16}}), "size_divisor"));
  EXPECT_TRUE(says(refusal({{"do_sample_frames", true}}), "do_sample_frames"));
  EXPECT_TRUE(says(refusal({{"do_normalize", "no"}}), "do_normalize"));
  EXPECT_TRUE(says(refusal({{"image_mean", {0.5, 0.5}}}), "image_mean"));
  EXPECT_TRUE(says(refusal({{"image_std", {0, 1, 1}}}), "std"));
  EXPECT_TRUE(says(refusal({{"rescale_factor", 0}}), "rescale_factor"));
  EXPECT_TRUE(says(refusal({{"input_data_format", "channels_last"}}), "input_data_format"));
}

TEST_F(ProcessorFile, WithNullWhereVersionsDifferIsRefused) {
  for (const char* key : {"do_resize", "do_center_crop", "do_rescale", "do_normalize", "crop_size", "resample",
                          "rescale_factor", "image_mean", "image_std"})
    EXPECT_TRUE(says(refusal({{key, nullptr}}), std::string(key) + " null")) << key;
  EXPECT_EQ(read({{"do_normalize", false}, {"image_mean", nullptr}}).mean, (std::vector<double>{0, 0, 0}));
  read({{"size", nullptr}, {"do_pad", nullptr}, {"data_format", nullptr}});
}

TEST_F(ProcessorFile, OfAnotherClassHasToSayWhatItsDefaultsWouldDecide) {
  const json whole = {{"video_processor_type", "VideoMAEVideoProcessor"}, {"size", {{"shortest_edge", 40}}}};
  read(whole);
  for (const char* key : {"do_resize", "do_center_crop", "do_rescale", "do_normalize", "crop_size", "resample",
                          "image_mean", "image_std"}) {
    json object = read_json(kCases / "00_base_hf/video_preprocessor_config.json");
    object.update(whole);
    object.erase(key);
    write_json(folder / "video_preprocessor_config.json", object);
    EXPECT_TRUE(
        says(refusal_of<CheckpointError>([&] { huggingface_pictures(folder.path()); }), std::string("no ") + key))
        << key;
  }
  // A file for pictures: the class for video of the same name counts.
  const auto of_pictures = [&](const char* type) {
    return json{{"video_processor_type", nullptr}, {"image_processor_type", type}, {"size", {{"shortest_edge", 40}}}};
  };
  EXPECT_EQ(read(of_pictures("VideoMAEImageProcessor")).resized, std::vector<int64_t>{40});
  EXPECT_NE(read(of_pictures("VJEPA2ImageProcessor")).resized, std::vector<int64_t>{40}) << "its own class computes it";
  EXPECT_TRUE(says(refusal(of_pictures("InternVLImageProcessor")), "image_processor_type"));
  EXPECT_TRUE(says(refusal({{"video_processor_type", "VideoMAEVideoProcessor"}, {"size", 48}}), "default_to_square"));
  for (const char* type : {"Qwen2VLVideoProcessor", "VivitVideoProcessor", "MyOwnProcessor"})
    EXPECT_TRUE(says(refusal({{"video_processor_type", type}}), "video_processor_type")) << type;
}

TEST_F(ProcessorFile, IsFoundUnderItsOtherNames) {
  read({{"image_mean", 0.25}}, "preprocessor_config.json");
  EXPECT_EQ(huggingface_pictures(folder.path()).mean[0], 0.25);
  read({{"image_mean", 0.5}});
  EXPECT_EQ(huggingface_pictures(folder.path()).mean[0], 0.5) << "the video's comes before the picture's";
  write_json(folder / "processor_config.json", {{"video_processor", {{"image_mean", 0.75}, {"crop_size", 64}}}});
  EXPECT_EQ(huggingface_pictures(folder.path()).mean[0], 0.75);
  EXPECT_EQ(huggingface_pictures(folder.path()).size, 64);
}

TEST_F(ProcessorFile, NamesWhatIsIgnored) {
  LogCapture log;
  read({{"size", {{"shortest_edge", 64}}}, {"a_new_key", 3}, {"another", nullptr}});
  EXPECT_TRUE(says(log.text(), "a_new_key is ignored"));
  EXPECT_TRUE(says(log.text(), "VJEPA2VideoProcessor computes {\"shortest_edge\":36}"));
}

TEST(ProcessorCases, GiveWhatTheirReadmesSay) {
  EXPECT_EQ(huggingface_pictures(kCases / "20_processor_no_normalise").std, (std::vector<double>{1, 1, 1}));
  const PictureSpec whole = huggingface_pictures(kCases / "22_processor_no_crop");
  EXPECT_EQ(whole.picture, PictureShape::kNone);
  EXPECT_EQ(whole.size, 32);
  const TemporaryFolder folder;
  for (const char* name :
       {"25_gelu_tanh", "26_crop_not_multiple", "27_null_and_extra", "28_use_silu", "33_heads_mismatch"}) {
    fs::copy(kCases / name, folder / name, fs::copy_options::recursive);
    fs::copy(kCases / "00_base_hf/model.safetensors", folder / name / "model.safetensors");
  }
  EXPECT_TRUE(says(refusal_of<CheckpointError>([&] { read_vjepa2(folder / "26_crop_not_multiple"); }), "crop_size 36"));
  EXPECT_TRUE(says(refusal_of<CheckpointError>([&] { read_vjepa2(folder / "25_gelu_tanh"); }), "gelu_pytorch_tanh"));
  EXPECT_TRUE(says(refusal_of<CheckpointError>([&] { read_vjepa2(folder / "33_heads_mismatch"); }), "= 5, got 24"));
  for (const char* name : {"27_null_and_extra", "28_use_silu"})  // keys that transformers ignores
    EXPECT_EQ(read_vjepa2(folder / name).encoder.size(), read_vjepa2(kCases / "00_base_hf").encoder.size()) << name;
}

TEST(TakenEncoder, IsDecidedByOneRule) {
  using enum EncoderKey;
  EXPECT_EQ(taken_encoder(kDefault, true, true, /*trained_on=*/false), kEncoder);
  EXPECT_EQ(taken_encoder(kDefault, true, true, /*trained_on=*/true), kTargetEncoder);
  EXPECT_EQ(taken_encoder(kDefault, false, true, false), kTargetEncoder);
  EXPECT_EQ(taken_encoder(kDefault, true, false, true), kEncoder);
  EXPECT_EQ(taken_encoder(kEncoder, true, true, true), kEncoder);
  const fs::path file = kCases / "15_ema_choice/both.pt";
  LogCapture log;
  const Vjepa2Weights plain = read_vjepa2(file, {.heads = 2});
  EXPECT_EQ(plain.taken, "encoder");
  EXPECT_TRUE(says(log.text(), "encoder is taken, of encoder and target_encoder"));
  EXPECT_EQ(read_vjepa2(file, {.trained_on = true, .heads = 2}).taken, "target_encoder");
  EXPECT_EQ(read_vjepa2(file, {.weights = kTargetEncoder, .heads = 2}).taken, "target_encoder");
}

}  // namespace
}  // namespace foresee
