// 'foresee encode' as a person meets it: rows are what the library computes, classes have names, mistakes are one line
// and leave nothing behind.
#include "data/video/encode.h"

#include <gtest/gtest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "data/clip/clip.h"
#include "data/picture/image.h"
#include "data/picture/published_transform.h"
#include "data/video/reader.h"
#include "foresee/encode/array_writer.h"
#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/torch.h"
#include "jepa/io/safetensors.h"
#include "jepa/model/vjepa2/models.h"
#include "tests/support/refusal.h"
#include "tests/support/small_media.h"
#include "tests/support/temporary_folder.h"
#include "tests/tools/cli/program.h"

namespace foresee::tests {
namespace {

namespace fs = std::filesystem;

struct Encode : testing::Test {
  void SetUp() override {
    fs::create_directory(folder / "media");
    data::write_image(picture, drawing(60, 80, 0));
    std::vector<Tensor> frames;
    for (int64_t t = 0; t < 24; ++t) frames.push_back(drawing(48, 64, t));
    data::write_video(video, at::stack(frames), {.fps_numerator = 8});
  }
  static Outcome encode(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "encode");
    arguments.insert(arguments.end(), {"--threads", "1"});
    return run_program(arguments);
  }
  Tensor embeddings(const std::string& name) const { return load_safetensors(folder / name).at("embeddings"); }

  TemporaryFolder folder;
  fs::path picture = folder / "media/a.png", video = folder / "media/b.mp4";
};

TEST_F(Encode, RowsAreWhatTheLibraryComputes) {
  const std::string out = (folder / "e.safetensors").string();
  const auto run =
      encode({"--model", kSmallBase, "--input", (folder / "media").string(), "--clips", "2", "--out", out, "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const auto summary = nlohmann::json::parse(run.out);
  EXPECT_EQ(summary.at("shape"), nlohmann::json({3, 32}));
  EXPECT_EQ(summary.at("inputs").at(1).at("first_row"), 1);
  EXPECT_EQ(summary.at("inputs").at(1).at("rows"), 2);

  torch::NoGradGuard no_grad;
  const auto encoder = make_encoder(read_vjepa2(kSmallBase));
  const auto row = [&](const Tensor& clip) { return encoder->forward(clip.unsqueeze(0)).mean(1)[0]; };
  const auto transform = data::PublishedTransform::kHuggingFace;
  const Tensor still = data::published_clip(drawing(60, 80, 0).unsqueeze(0), 48, transform);
  EXPECT_TRUE(at::allclose(embeddings("e.safetensors")[0], row(still.repeat({1, 2, 1, 1})), 1e-4, 1e-4));
  data::VideoReader reader(video, {.colours = data::ColourConversion::kSwscale});
  const auto indices = data::timed_segments(data::FrameTimes::even(24, 8), {.frames = 6, .segments = 2});
  for (size_t i = 0; i < 2; ++i)
    EXPECT_TRUE(at::allclose(embeddings("e.safetensors")[1 + static_cast<int64_t>(i)],
                             row(data::published_clip(reader.frames(indices[i]), 48, transform)), 1e-4, 1e-4));
}

TEST_F(Encode, GoesOnPastClipsThatDoNotDecode) {
  const auto run = [&](const std::string& out) {
    return encode({"--model", kSmallBase, "--input", (folder / "media").string(), "--clips", "2", "--batch", "2",
                   "--out", (folder / out).string(), "--json"});
  };
  ASSERT_EQ(run("whole.npy").exit_code, 0);
  fs::copy_file(video, folder / "media/c.mp4");
  std::string bytes = read_file(folder / "media/c.mp4");
  const size_t data_begin = bytes.find("mdat") + 4, data_end = bytes.find("moov") - 4;
  for (size_t i = data_begin + (data_end - data_begin) * 9 / 10; i < data_end; ++i)
    bytes[i] = static_cast<char>(i * 2654435761u >> 13);
  write_file(folder / "media/c.mp4", bytes);
  const auto damaged = run("damaged.npy");
  ASSERT_EQ(damaged.exit_code, 0) << damaged.err;
  const auto summary = nlohmann::json::parse(damaged.out);
  EXPECT_EQ(summary.at("failed_rows"), nlohmann::json({4}));
  EXPECT_EQ(summary.at("shape"), nlohmann::json({5, 32}));
  EXPECT_TRUE(says(damaged.err, "c.mp4: frame"));
  EXPECT_TRUE(says(damaged.err, "get no result"));
  const std::string whole = read_file(folder / "whole.npy"), part = read_file(folder / "damaged.npy");
  const size_t row = 32 * sizeof(float);
  EXPECT_EQ(part.substr(part.size() - 5 * row, 3 * row), whole.substr(whole.size() - 3 * row));
}

TEST_F(Encode, KeepsTokensFramesAndLevels) {
  const auto run = [&](const std::string& out, std::vector<std::string> more) {
    more.insert(more.begin(), {"--model", kSmallBase, "--input", video.string(), "--out", (folder / out).string()});
    const auto outcome = encode(more);
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  };
  run("token.safetensors", {"--pool", "token"});
  run("frame.safetensors", {"--pool", "frame"});
  run("clip.safetensors", {});
  run("levels.safetensors", {"--layers", "1,0"});
  const Tensor tokens = embeddings("token.safetensors"), frames = embeddings("frame.safetensors");
  EXPECT_EQ(tokens.sizes(), (std::vector<int64_t>{1, 27, 32}));
  EXPECT_TRUE(at::allclose(frames, tokens.unflatten(1, {3, 9}).mean(2), 1e-4, 1e-5));
  EXPECT_TRUE(at::allclose(embeddings("clip.safetensors"), tokens.mean(1), 1e-4, 1e-5));
  const Tensor levels = embeddings("levels.safetensors");  // the last block's is the output
  EXPECT_EQ(levels.sizes(), (std::vector<int64_t>{1, 2, 32}));
  EXPECT_TRUE(at::allclose(levels.select(1, 0), embeddings("clip.safetensors"), 1e-4, 1e-5));
}

TEST_F(Encode, NamesTheClassesOfAClassifier) {
  const auto run = encode({"--model", kSmallClassifier, "--classify", kSmallClassifier, "--input", video.string(),
                           picture.string(), "--top", "7", "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const auto inputs = nlohmann::json::parse(run.out).at("inputs");
  ASSERT_EQ(inputs.size(), 2u);
  for (const auto& input : inputs) {
    const auto& classes = input.at("classes").at("linear");
    ASSERT_EQ(classes.size(), 7u);
    double total = 0;
    for (const auto& row : classes) {
      total += row.at("probability").get<double>();
      EXPECT_EQ(row.at("label"), "label " + std::to_string(row.at("class").get<int>()));
    }
    EXPECT_NEAR(total, 1, 1e-5);
    EXPECT_GE(classes.front().at("probability").get<double>(), classes.back().at("probability").get<double>());
  }
  const auto read = encode({"--model", kSmallClassifier, "--classify", kSmallClassifier, "--input", picture.string()});
  EXPECT_TRUE(says(read.out, "label "));
}

TEST_F(Encode, HalfPrecisionIsNearlyTheSame) {
  for (const char* precision : {"fp32", "bf16"})
    ASSERT_EQ(encode({"--model", kSmallBase, "--input", video.string(), "--precision", precision, "--out",
                      (folder / (std::string(precision) + ".safetensors")).string()})
                  .exit_code,
              0);
  const Tensor full = embeddings("fp32.safetensors"), half = embeddings("bf16.safetensors");
  EXPECT_GT(at::cosine_similarity(full, half).min().item<double>(), 0.999);
  EXPECT_FALSE(at::equal(full, half));
}

TEST_F(Encode, RefusesInOneLineAndLeavesNothing) {
  const std::string out = (folder / "e.safetensors").string();
  const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes{
      {{"--model", kSmallBase, "--input", video.string()}, "--out"},
      {{"--model", kSmallBase, "--input", video.string(), "--out", (folder / "e.txt").string()}, ".npy"},
      {{"--model", kSmallBase, "--input", (folder / "none.mp4").string(), "--out", out}, "does not exist"},
      {{"--model", kSmallBase, "--input", video.string(), "--size", "50", "--out", out}, "multiple"},
      {{"--model", kSmallBase, "--input", video.string(), "--frames", "5", "--out", out}, "multiple"},
      {{"--model", kSmallBase, "--input", video.string(), "--layers", "2", "--out", out}, "[0, 2)"},
      {{"--model", kSmallBase, "--input", (folder / "media").string(), "--pool", "token", "--out", out}, "--pool clip"},
      {{"--model", kSmallBase, "--input", video.string(), "--classify", kSmallBase}, "classifier"},
  };
  const int64_t before = count_entries(folder.path());
  for (const auto& [arguments, part] : mistakes) {
    const auto run = encode(arguments);
    EXPECT_EQ(run.exit_code, 1) << part;
    EXPECT_TRUE(says(run.err, part));
    EXPECT_EQ(count_entries(folder.path()), before) << part;
  }
}

TEST(ArrayWriter, WritesWhatNumpyReads) {
  const TemporaryFolder folder;
  ArrayWriter writer(folder / "a.npy", {3, 2}, "a", {});
  writer.append(at::arange(1, 5, at::kFloat).view({2, 2}));
  EXPECT_FALSE(fs::exists(folder / "a.npy"));
  EXPECT_THROW(writer.finish(), Error) << "a row is missing";
  EXPECT_THROW(writer.append(at::zeros({1, 3})), Error);
  writer.append(at::arange(5, 7, at::kFloat).view({1, 2}));
  writer.finish();
  const std::string bytes = read_file(folder / "a.npy");
  EXPECT_TRUE(bytes.starts_with(std::string("\x93NUMPY\x01\x00", 8)));
  EXPECT_TRUE(says(bytes, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }"));
  const size_t header = 10 + static_cast<unsigned char>(bytes[8]) + 256 * static_cast<unsigned char>(bytes[9]);
  EXPECT_EQ(header % 64, 0u);
  ASSERT_EQ(bytes.size(), header + 6 * sizeof(float));
  float last = 0;
  std::memcpy(&last, bytes.data() + bytes.size() - sizeof last, sizeof last);
  EXPECT_EQ(last, 6.0f);
}

TEST(ArrayWriter, LeavesNothingUnlessItIsFinished) {
  const TemporaryFolder folder;
  { ArrayWriter writer(folder / "a.safetensors", {2}, "a", {}); }
  EXPECT_EQ(count_entries(folder.path()), 0);
  ArrayWriter writer(folder / "a.safetensors", {2}, "a", {{"pool", "clip"}});
  writer.append(at::tensor({1.0, 2.0}));
  writer.finish();
  const SafetensorsFile file(folder / "a.safetensors");
  EXPECT_EQ(file.metadata().at("pool"), "clip");
  EXPECT_TRUE(at::equal(file.tensor("a"), at::tensor({1.0f, 2.0f})));
}

}  // namespace
}  // namespace foresee::tests
