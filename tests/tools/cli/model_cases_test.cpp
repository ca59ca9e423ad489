// Weights as people have them: copies of files under tests/fixtures/cases/model, each with what its README expects of
// the program.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "jepa/core/files/file.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"
#include "tests/tools/cli/program.h"

namespace foresee::tests {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kCases = "tests/fixtures/cases/model";
const std::string kNow = "tools/assets/franka/now.png", kGoal = "tools/assets/franka/goal.png";

std::string at(const std::string& place) { return (kCases / place).string(); }

json inspect_case(const std::string& place) {
  const auto run = run_program({"inspect", at(place), "--json"});
  EXPECT_EQ(run.exit_code, 0) << place << ": " << run.err;
  return run.exit_code == 0 ? json::parse(run.out) : json();
}

/// Embeddings of one picture, as bytes of a .npy file; the message where there are none.
std::string encoded(const std::string& model, std::vector<std::string> more = {}) {
  const TemporaryFolder folder;
  std::vector<std::string> arguments{"encode",
                                     "--model",
                                     model,
                                     "--input",
                                     kNow,
                                     "--size",
                                     "32",
                                     "--preprocess",
                                     "official",
                                     "--out",
                                     (folder / "e.npy").string()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const auto run = run_program(arguments);
  return run.exit_code == 0 ? read_file(folder / "e.npy") : run.err;
}

TEST(ModelCases, EncodersInTheirWrappingsAreOneEncoder) {
  const std::vector<std::string> heads{"--heads", "2"};
  const std::string plain = encoded(at("02_orig_mod/encoder.pt"), heads);
  ASSERT_TRUE(plain.starts_with("\x93NUMPY")) << plain;
  for (const char* file : {"04_lightning_ckpt/last.ckpt", "16_averaged_model/ema.pt"})
    EXPECT_TRUE(encoded(at(file), heads) == plain) << file << ": " << encoded(at(file), heads).substr(0, 300);
  EXPECT_TRUE(says(encoded(at("02_orig_mod/encoder.pt")), "--heads N"));
}

TEST(ModelCases, EveryFormOfTorchSaveIsThatEncoderOrSaysWhatItIs) {
  const std::vector<std::string> heads{"--heads", "2"};
  const std::string plain = encoded(at("02_orig_mod/encoder.pt"), heads);
  for (const char* file :
       {"08_numpy_in_pickle/model.pt", "09_cuda_location/encoder.pt", "11_rezipped/stored.pt", "11_rezipped/zip64.pt"})
    EXPECT_TRUE(encoded(at(file), heads) == plain) << file << ": " << encoded(at(file), heads).substr(0, 300);
  for (const char* file : {"07_half_bf16/encoder_bf16.pt", "07_half_bf16/encoder_fp16.pt"})
    EXPECT_TRUE(encoded(at(file), heads).starts_with("\x93NUMPY")) << file;
  EXPECT_TRUE(says(encoded(at("06_legacy/encoder.pt"), heads), "torch.save(torch.load("));
  EXPECT_TRUE(says(encoded(at("11_rezipped/deflated.pt"), heads), "is compressed"));
  for (const char* file : {"model.pt", "model_p4.pt", "model_p5.pt"}) {
    const json listed = inspect_case(std::string("08_numpy_in_pickle/") + file);
    EXPECT_GE(listed.at("tensors").size(), 2u) << file;
    EXPECT_GE(listed.at("foreign").size(), 3u) << file;
  }
  EXPECT_EQ(inspect_case("91_safetensors_0x80/f64.safetensors").at("tensors").size(), 2u);
}

TEST(ModelCases, AFullPretrainingFileOfAnySizeIsEncoded) {
  EXPECT_TRUE(encoded(at("01_ddp_prefix/model.pt"), {"--heads", "2"}).starts_with("\x93NUMPY"));
  const auto listed = run_program({"inspect", at("01_ddp_prefix/model.pt"), "--json"});
  ASSERT_EQ(listed.exit_code, 0) << listed.err;
  EXPECT_EQ(json::parse(listed.out).at("opens"),
            json({{{"family", "vjepa2"}, {"options", {"heads", "predictor_heads"}}}}));
  const size_t said = listed.err.find("encoder is taken");
  EXPECT_NE(said, std::string::npos) << listed.err;
  EXPECT_EQ(listed.err.find("encoder is taken", said + 1), std::string::npos) << "once\n" << listed.err;
}

TEST(ModelCases, FilesOfTransformersAreReadWithoutTheirFolder) {
  const std::string module = encoded(at("05_whole_module/model.pt")), bin = encoded(at("29_bin_only")),
                    file = encoded(at("29_bin_only/pytorch_model.bin")), alone = encoded(at("34_encoder_only_prefix"));
  for (const std::string& result : {module, bin, alone}) ASSERT_TRUE(result.starts_with("\x93NUMPY")) << result;
  EXPECT_TRUE(file == bin);
  const json listed = inspect_case("05_whole_module/model.pt");
  EXPECT_GT(listed.at("count"), 50);
  EXPECT_TRUE(says(listed.at("notes").dump(), "VJEPA2Model"));
}

TEST(ModelCases, EveryOddTensorIsARow) {
  for (const auto& entry : fs::directory_iterator(kCases / "10_odd_tensors")) {
    if (entry.path().extension() != ".pt") continue;
    const json listed = inspect_case("10_odd_tensors/" + entry.path().filename().string());
    const bool bare = entry.path().stem() == "storage" || entry.path().stem() == "typed_storage";
    EXPECT_GT(bare ? listed.at("foreign").size() : listed.at("tensors").size(), 0u) << entry.path();
  }
  for (const char* name : {"quantized", "nested", "meta"}) {
    const json listed = inspect_case(std::string("10_odd_tensors/") + name + ".pt");
    const auto& rows = listed.at("tensors");
    EXPECT_TRUE(std::any_of(rows.begin(), rows.end(), [](const json& row) { return row.contains("not_read"); }))
        << name;
  }
}

TEST(ModelCases, AMissingShardIsNamed) {
  EXPECT_TRUE(says(encoded(at("12_sharded/missing_shard")), "model-00002-of-00003.safetensors"));
  EXPECT_TRUE(says(inspect_case("12_sharded/missing_shard").at("notes").dump(), "model-00002-of-00003.safetensors"));
}

TEST(ModelCases, WhatIsNoModelIsRefusedByName) {
  EXPECT_TRUE(says(encoded(at("32_lora_adapter")), "an adapter (LORA)"));
  EXPECT_TRUE(says(inspect_case("32_lora_adapter").at("notes").dump(), "an adapter"));
  const auto plan = [](const std::string& model) {
    return run_program({"plan", "--model", model, "--obs", kNow, "--goal", kGoal}).err;
  };
  EXPECT_TRUE(says(plan(at("69_swm_other_model")), "stable_worldmodel.wm.pldm.PLDM"));
  EXPECT_TRUE(says(plan(at("62_ac_predictor_only/vjepa2_ac_droid.pth.tar")), "without its encoder"));
  EXPECT_GT(inspect_case("62_ac_predictor_only/vjepa2_ac_droid.pth.tar").at("count"), 30);
}

TEST(ModelCases, NaNInWeightsIsAnErrorUnlessItIsAllowed) {
  EXPECT_TRUE(says(encoded(at("36_nan_weight")), "--allow-nan"));
  EXPECT_TRUE(encoded(at("36_nan_weight"), {"--allow-nan"}).starts_with("\x93NUMPY"));
  const json listed = inspect_case("36_nan_weight");
  const auto& rows = listed.at("tensors");
  EXPECT_EQ(std::count_if(rows.begin(), rows.end(), [](const json& row) { return row.value("nan", 0) == 1; }), 1);
  EXPECT_EQ(listed.at("opens"), json({{{"family", "vjepa2"}, {"options", {"allow_nan"}}}}));
}

TEST(ModelCases, PlanTakesWhatAFileDoesNotSay) {
  const auto run = [](std::vector<std::string> more) {
    std::vector<std::string> arguments{"plan",     "--model",   at("60_ac_small/model.pt"),
                                       "--obs",    kNow,        "--goal",
                                       kGoal,      "--state",   "0.5,0,0.25,-3.1,0,-1.9,0.2",
                                       "--set",    "samples=4", "--set",
                                       "elites=2", "--set",     "iterations=1",
                                       "--set",    "horizon=1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_program(arguments);
  };
  EXPECT_TRUE(says(run({}).err, "--heads N"));
  const auto planned = run({"--heads", "2", "--action-heads", "2", "--image-size", "24", "--json"});
  EXPECT_EQ(planned.exit_code, 0) << planned.err;
}

/// The same pixels, sizes and actions whether the folder is named or the weights in it.
TEST(ModelCases, TheWeightFileOfAFolderOfOursIsThatFolder) {
  const TemporaryFolder folder;
  const std::string encoder = (folder / "encoder").string(), arm = (folder / "arm").string();
  fs::create_directory(folder / "theirs");  // whose processor does not normalise
  for (const auto& entry : fs::directory_iterator(kCases / "20_processor_no_normalise"))
    fs::copy_file(entry.path(), folder / "theirs" / entry.path().filename());
  fs::copy_file(kCases / "00_base_hf/model.safetensors", folder / "theirs/model.safetensors");
  const auto exported = [](const std::string& model, const std::string& out, std::vector<std::string> more) {
    std::vector<std::string> words{"export", "--model", model, "--format", "foresee", "--out", out};
    words.insert(words.end(), more.begin(), more.end());
    const auto run = run_program(words);
    EXPECT_EQ(run.exit_code, 0) << run.err;
  };
  exported((folder / "theirs").string(), encoder, {});
  const auto rows = [&](const std::string& model) {
    const std::string out = (folder / "e.npy").string();
    const auto run = run_program({"encode", "--model", model, "--input", kNow, "--out", out, "--overwrite"});
    return run.exit_code == 0 ? read_file(out) : run.err;
  };
  ASSERT_TRUE(rows(encoder).starts_with("\x93NUMPY")) << rows(encoder);
  EXPECT_TRUE(rows(encoder + "/model.safetensors") == rows(encoder)) << rows(encoder + "/model.safetensors");

  exported(at("60_ac_small/model.pt"), arm, {"--heads", "2", "--action-heads", "2", "--image-size", "24"});
  const auto planned = [](const std::string& model) {
    const auto run = run_program({"plan", "--model", model, "--obs", kNow, "--goal", kGoal, "--state",
                                  "0.5,0,0.25,-3.1,0,-1.9,0.2", "--set", "planner.samples=4", "--set",
                                  "planner.elites=2", "--set", "planner.iterations=1", "--json"});
    return run.exit_code == 0 ? json::parse(run.out).at("actions") : json(run.err);
  };
  ASSERT_TRUE(planned(arm).is_array()) << planned(arm);
  EXPECT_EQ(planned(arm + "/model.safetensors"), planned(arm));
}

TEST(ModelCases, AFileIsWhatItHoldsWhateverLiesBesideIt) {
  const TemporaryFolder folder;
  fs::copy_file(kCases / "65_swm_run_folder/config.json", folder / "config.json");  // a LeWM's
  fs::copy_file(kCases / "02_orig_mod/encoder.pt", folder / "encoder.pt");
  const std::vector<std::string> heads{"--heads", "2"};
  EXPECT_TRUE(encoded((folder / "encoder.pt").string(), heads) == encoded(at("02_orig_mod/encoder.pt"), heads))
      << encoded((folder / "encoder.pt").string(), heads).substr(0, 300);
  const auto listed = run_program({"inspect", (folder / "encoder.pt").string(), "--json"});
  ASSERT_EQ(listed.exit_code, 0) << listed.err;
  EXPECT_EQ(json::parse(listed.out).at("opens"), json({{{"family", "vjepa2"}, {"options", {"heads"}}}}));
}

TEST(ModelCases, AModelOfStableWorldmodelPlansAndIsExported) {
  const TemporaryFolder folder;
  const std::string model = at("64_swm_ok");
  EXPECT_EQ(inspect_case("64_swm_ok").at("opens")[0].at("family"), "lewm");
  const auto plan = [](const std::string& path) {
    return run_program({"plan", "--model", path, "--obs", kNow, "--goal", kGoal, "--set", "planner.samples=4", "--set",
                        "planner.elites=2", "--set", "planner.iterations=1", "--set", "planner.horizon=1", "--json"});
  };
  const auto planned = plan(model);
  ASSERT_EQ(planned.exit_code, 0) << planned.err;
  const std::string out = (folder / "own").string();
  const auto exported = run_program({"export", "--model", model, "--format", "foresee", "--out", out});
  ASSERT_EQ(exported.exit_code, 0) << exported.err;
  EXPECT_EQ(json::parse(plan(out).out).at("actions"), json::parse(planned.out).at("actions"));
}

TEST(ModelCases, ARunOfStableWorldmodelIsReadByTheFile) {
  const auto plan = [](const std::string& model) {
    return run_program({"plan", "--model", model, "--obs", kNow, "--goal", kGoal, "--set", "planner.samples=4", "--set",
                        "planner.elites=2", "--set", "planner.iterations=1", "--set", "planner.horizon=1", "--json"});
  };
  const auto folder = plan(at("65_swm_run_folder"));
  EXPECT_EQ(folder.exit_code, 1);
  EXPECT_TRUE(says(folder.err, "weights_epoch_1.pt, weights_epoch_2.pt"));
  const auto file = plan(at("65_swm_run_folder/weights_epoch_2.pt"));
  EXPECT_EQ(file.exit_code, 0) << file.err;
}

}  // namespace
}  // namespace foresee::tests
