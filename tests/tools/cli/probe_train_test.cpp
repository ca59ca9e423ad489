// Claims: `foresee train --probe` learns classes of pictures from a frozen encoder's tokens, leaves a folder that reads
// as encoder and probe, and names what is wrong with a list.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "data/picture/image.h"
#include "jepa/core/random.h"
#include "jepa/core/torch.h"
#include "jepa/io/safetensors.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/vjepa2/files/export.h"
#include "tests/support/temporary_folder.h"
#include "tests/tools/cli/program.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;
using tests::run_program;

/// Pictures of noise with more green or more red, and their list.
void write_clips(const fs::path& folder, int64_t count) {
  std::ofstream list(folder / "clips.csv");
  for (int64_t i = 0; i < count; ++i) {
    const bool green = i % 2 == 0;
    Tensor picture =
        Random(1, Stream::kTest, static_cast<uint64_t>(i)).uniform_tensor({3, 36, 36}) * 120;  // noise, dim
    picture[green ? 1 : 0].add_(120);
    const std::string name = fmt::format("a clip {}.png", i);
    data::write_image(folder / name, picture.to(at::kByte));
    list << name << (green ? " green" : " red") << "\n";
  }
}

void write_encoder(const fs::path& folder) {
  Vjepa2Weights weights;
  weights.config.encoder.image_size = 32;
  weights.config.encoder.frames = 2;
  weights.config.encoder.width = 48;
  weights.config.encoder.depth = 1;
  weights.config.encoder.heads = 3;
  VideoEncoder encoder(weights.config.encoder);
  encoder.initialise(5);
  weights.preprocess.size = 32;
  weights.encoder = state_dict(encoder);
  fs::create_directories(folder);
  export_foresee(weights, folder);
}

TEST(TrainProbe, LearnsAndLeavesAModelFolder) {
  const TemporaryFolder folder;
  write_clips(folder.path(), 60);
  write_encoder(folder / "encoder");
  const auto train = [&](const std::string& run, int64_t steps) {
    return run_program({"train",
                        "--probe",
                        "--data",
                        (folder / "clips.csv").string(),
                        "--encoder",
                        (folder / "encoder").string(),
                        "--out",
                        (folder / run).string(),
                        "--steps",
                        std::to_string(steps),
                        "--checkpoint-every",
                        "20",
                        "--set",
                        "frames=2",
                        "--set",
                        "probe.heads=3",
                        "--set",
                        "probe.depth=2",
                        "--set",
                        "train.batch=8",
                        "--set",
                        "train.learning_rate=0.003",
                        "--threads",
                        "1",
                        "--json"});
  };
  const tests::Outcome whole = train("whole", 60);
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  const auto held_out = nlohmann::json::parse(whole.out).at("held_out");
  EXPECT_GT(held_out.at("held_out_accuracy").get<double>(), 0.9);
  EXPECT_LT(held_out.at("held_out_majority").get<double>(), 0.9);

  const Vjepa2Weights read = read_vjepa2(folder / "whole");
  ASSERT_TRUE(read.probe.has_value());
  EXPECT_EQ(read.probe->labels, (std::vector<std::string>{"green", "red"}));
  EXPECT_EQ(read.encoder.size(), 16u);
}

/// The rows of `encode --pool token` and the classes of `encode --classify`, of what a probe was trained on.
/// In the folder of the list, whose name is given without a folder.
TEST(TrainProbe, AgreesWithItselfOnFortyClips) {
  const fs::path cases = fs::absolute("tests/fixtures/cases/model");
  const TemporaryFolder folder;
  const std::string run = (folder / "run").string(), data = (cases / "88_probe_transform").string();
  const tests::Outcome trained = run_program({"train",     "--probe",
                                              "--data",    "list.txt",
                                              "--encoder", (cases / "00_base_hf").string(),
                                              "--out",     run,
                                              "--steps",   "120",
                                              "--set",     "frames=4",
                                              "--set",     "frame_step=2",
                                              "--set",     "train.batch=8",
                                              "--set",     "train.learning_rate=0.003",
                                              "--threads", "1",
                                              "--json"},
                                             {.folder = data});
  ASSERT_EQ(trained.exit_code, 0) << trained.err;

  const std::string rows = (folder / "rows.safetensors").string();
  const tests::Outcome used = run_program({"encode", "--model", run, "--input", data, "--classify", run, "--pool",
                                           "token", "--out", rows, "--threads", "1", "--json"});
  ASSERT_EQ(used.exit_code, 0) << used.err;
  const auto result = nlohmann::json::parse(used.out);
  ASSERT_EQ(result.at("inputs").size(), 40u);
  const Tensor tokens = load_safetensors(rows).at("embeddings");
  int64_t agreed = 0;
  for (size_t i = 0; i < 40; ++i) {
    const auto& input = result["inputs"][i];
    const int64_t number = std::stoll(fs::path(input.at("path").get<std::string>()).stem().string().substr(1));
    const Tensor seen =
        load_safetensors(fs::path(run) / "latents" / fmt::format("clip-{:06d}.safetensors", number)).at("features");
    EXPECT_TRUE(at::equal(tokens[input.at("first_row").get<int64_t>()], seen)) << input.at("path");
    agreed += input["classes"]["linear"][0]["class"].get<int64_t>() == number % 2 ? 1 : 0;
  }
  EXPECT_EQ(agreed, 40);

  const tests::Outcome told = run_program({"inspect", run, "--json"});
  ASSERT_EQ(told.exit_code, 0) << told.err;
  const auto pictures = nlohmann::json::parse(told.out).at("pictures");
  EXPECT_EQ(pictures.at("transform"), "official") << "Meta's evaluation";
  EXPECT_EQ(pictures.at("frames"), 4);
  EXPECT_EQ(pictures.at("frame_step"), 2);
  EXPECT_EQ(pictures.at("picture_frames"), 4);
}

/// Which of the two encoders of a file a probe was trained on is kept, and `encode --classify` of the file takes it.
TEST(TrainProbe, KeepsWhichEncoderItWasTrainedOn) {
  const fs::path cases = "tests/fixtures/cases/model";
  const TemporaryFolder folder;
  const std::string file = (cases / "15_ema_choice/both.pt").string(), data = (cases / "88_probe_transform").string();
  const auto encode = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"encode",  "--model",         file,        "--heads", "2",     "--size", "32",
                                   "--input", data + "/p00.png", "--threads", "1",       "--json"};
    words.insert(words.end(), more.begin(), more.end());
    const tests::Outcome outcome = run_program(words);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return nlohmann::json::parse(outcome.out).at("weights").get<std::string>();
  };
  EXPECT_EQ(encode({"--out", (folder / "a.npy").string()}), "encoder");
  for (const std::string wanted : {"", "encoder"}) {
    const std::string run = (folder / ("run" + wanted)).string();
    std::vector<std::string> words{"train",        "--probe",
                                   "--data",       data + "/list.txt",
                                   "--encoder",    file,
                                   "--heads",      "2",
                                   "--image-size", "32",
                                   "--out",        run,
                                   "--steps",      "2",
                                   "--set",        "frames=2",
                                   "--set",        "probe.heads=2",
                                   "--threads",    "1"};
    if (!wanted.empty()) words.insert(words.end(), {"--weights", wanted});
    const tests::Outcome trained = run_program(words);
    ASSERT_EQ(trained.exit_code, 0) << trained.err;
    EXPECT_EQ(encode({"--classify", run}), wanted.empty() ? "target_encoder" : "encoder");
  }
}

TEST(TrainProbe, SaysThatOneClassTellsNothingApart) {
  const fs::path cases = fs::absolute("tests/fixtures/cases/model"), clips = cases / "88_probe_transform";
  const TemporaryFolder folder;
  std::ofstream(folder / "clips.csv") << (clips / "p00.png").string() << " grey\n"
                                      << (clips / "p02.png").string() << " grey\n";
  const tests::Outcome outcome = run_program({"train", "--probe", "--data", (folder / "clips.csv").string(),
                                              "--encoder", (cases / "00_base_hf").string(), "--out",
                                              (folder / "run").string(), "--steps", "1", "--threads", "1"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("all clips are of class grey"), std::string::npos) << outcome.err;
}

TEST(TrainProbe, NamesTheLineThatIsNoClip) {
  const TemporaryFolder folder;
  std::ofstream(folder / "clips.csv") << "one.mp4 3\nlonely.mp4\n";
  const tests::Outcome outcome = run_program({"train", "--probe", "--data", (folder / "clips.csv").string(),
                                              "--encoder", "nowhere", "--out", (folder / "run").string()});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.err.find("line 2"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace foresee
