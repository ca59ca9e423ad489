// 'foresee inspect', 'export' and 'bench load' as a person meets them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "jepa/core/files/file.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"
#include "tests/tools/cli/program.h"

namespace foresee::tests {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const std::string kOfficial = "tests/fixtures/vjepa2/official_pt/latest.pt",
                  kClassifier = "tests/fixtures/vjepa2/hf_classifier", kLewm = "tests/fixtures/lewm/tiny",
                  kShipped = "tools/assets/two_room";
const std::vector<std::string> kTinySizes{"--heads", "2", "--predictor-heads", "2", "--image-size", "32"};

json inspected(const std::string& path) {
  const auto run = run_program({"inspect", path, "--json"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  return run.exit_code == 0 ? json::parse(run.out) : json();
}

Outcome exported(const std::string& model, const std::string& format, const fs::path& out,
                 std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"export", "--model", model, "--format", format, "--out", out.string(), "--json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_program(arguments);
}

/// Name -> shape.
std::map<std::string, json> shapes(const json& inventory) {
  std::map<std::string, json> result;
  for (const auto& row : inventory.at("tensors")) result[row.at("name").get<std::string>()] = row.at("shape");
  return result;
}

TEST(Inspect, ListsEveryTensorOfEveryForm) {
  const json official = inspected(kOfficial);
  EXPECT_EQ(shapes(official).at("encoder.module.backbone.patch_embed.proj.weight"), json({32, 3, 2, 8, 8}));
  EXPECT_EQ(official.at("values").at("epoch"), 2);
  EXPECT_EQ(official.at("tensors").at(0).at("dtype"), "float32");
  const json classifier = inspected(kClassifier);
  EXPECT_EQ(shapes(classifier).at("classifier.weight"), json({7, 32}));
  EXPECT_EQ(shapes(inspected(kShipped)).size(), inspected(kShipped).at("count"));
  EXPECT_TRUE(shapes(inspected(kLewm)).contains("encoder.embeddings.cls_token"));
}

TEST(Inspect, NamesWhatIsNotRead) {
  const json stray = inspected("tests/fixtures/vjepa2/official_pt/stray_class.pt");
  EXPECT_EQ(stray.at("foreign"), json({"args: argparse.Namespace"}));
  const auto text = run_program({"inspect", "tests/fixtures/vjepa2/official_pt/malicious.pt"});
  EXPECT_TRUE(says(text.out, "posix.system"));
  EXPECT_FALSE(fs::exists("pwned"));
}

TEST(Inspect, RefusesWithOneLine) {
  for (const auto& [path, part] : std::vector<std::pair<std::string, std::string>>{
           {"no/such/file", "no such file"},
           {"tests/fixtures/vjepa2/official_pt/truncated.pt", "truncated"},
           {"tests/fixtures/vjepa2/official_pt/legacy_format.pt", "PyTorch 1.6"},
           {"README.md", "safetensors"},
           {"tests/jepa/io", "no .safetensors"}}) {
    const auto run = run_program({"inspect", path});
    EXPECT_EQ(run.exit_code, 1) << path;
    EXPECT_TRUE(says(run.err, part));
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  }
}

TEST(Export, GoesRoundThroughEveryForm) {
  const TemporaryFolder folder;
  ASSERT_EQ(exported(kOfficial, "hf", folder / "hf", kTinySizes).exit_code, 0);
  ASSERT_EQ(exported((folder / "hf").string(), "foresee", folder / "own").exit_code, 0);
  ASSERT_EQ(exported((folder / "own").string(), "official", folder / "official").exit_code, 0);
  const auto first = shapes(inspected(kOfficial)),
             last = shapes(inspected((folder / "official" / "model.pt").string()));
  for (const auto& [name, shape] : first) EXPECT_TRUE(name.starts_with("opt.") || last.contains(name)) << name;
}

TEST(Export, KeepsActionConditionedModels) {
  const TemporaryFolder folder;
  const std::string meta = "tests/fixtures/vjepa2/official_ac/latest.pt";
  const std::vector<std::string> sizes{"--heads", "2", "--action-heads", "2", "--image-size", "24"};
  ASSERT_EQ(exported(meta, "foresee", folder / "own", sizes).exit_code, 0);
  EXPECT_EQ(read_json(folder / "own" / "config.json").at("family"), "vjepa2_ac");
  ASSERT_EQ(exported((folder / "own").string(), "official", folder / "official").exit_code, 0);
  const auto first = shapes(inspected(meta)), last = shapes(inspected((folder / "official" / "model.pt").string()));
  for (const auto& [name, shape] : first) EXPECT_TRUE(name.starts_with("opt.") || last.contains(name)) << name;
  EXPECT_TRUE(says(exported(meta, "hf", folder / "hf", sizes).err, "action-conditioned"));
}

TEST(Export, WritesWhatStableWorldmodelReads) {
  const TemporaryFolder folder;
  const Outcome written = exported(kShipped, "swm", folder / "swm");  // a model with heads, which that format has not
  ASSERT_EQ(written.exit_code, 0);
  EXPECT_TRUE(says(written.err, "heads"));
  EXPECT_EQ(read_json(folder / "swm" / "config.json").at("_target_"), "stable_worldmodel.wm.lewm.LeWM");
  auto without_heads = shapes(inspected(kShipped));
  EXPECT_GT(std::erase_if(without_heads,
                          [](const auto& item) {
                            return item.first.starts_with("inverse") || item.first.starts_with("distance") ||
                                   item.first.starts_with("picture_decoder");
                          }),
            0u);
  EXPECT_EQ(exported(kShipped, "swm", folder / "four", {"--names", "4"}).exit_code, 0);
  EXPECT_EQ(shapes(inspected((folder / "four" / "weights.pt").string())), without_heads);
  const auto five = shapes(inspected((folder / "swm" / "weights.pt").string()));
  EXPECT_EQ(five.size(), without_heads.size());
  EXPECT_TRUE(five.contains("encoder.layers.0.attention.q_proj.weight")) << "transformers 5 is the default";
  ASSERT_EQ(exported((folder / "swm").string(), "foresee", folder / "own").exit_code, 0);
  const json ours = read_json(folder / "own" / "config.json").at("model");
  json patched = ours, original = read_json(kShipped + "/config.json").at("model");
  original.erase("heads");
  patched.merge_patch(original);
  EXPECT_EQ(patched, ours);  // every value of the original is there
}

TEST(Export, LeavesNothingBehindWhereTheFormatDoesNotFit) {
  const TemporaryFolder folder;
  fs::copy(kShipped, folder / "prefix");
  json config = read_json(folder / "prefix" / "config.json");
  config["model"]["proprioception"] = 2;
  write_json(folder / "prefix" / "config.json", config);
  EXPECT_EQ(exported((folder / "prefix").string(), "swm", folder / "swm").exit_code, 1);
  EXPECT_FALSE(fs::exists(folder / "swm"));
}

TEST(Export, SaysWhatIsMissingOrDoesNotFit) {
  const TemporaryFolder folder;
  EXPECT_TRUE(says(exported(kOfficial, "hf", folder / "a").err, "--heads"));
  EXPECT_TRUE(says(exported(kOfficial, "swm", folder / "a", kTinySizes).err, "hf, official or foresee"));
  EXPECT_TRUE(says(exported(kShipped, "hf", folder / "a").err, "swm or foresee"));
  EXPECT_TRUE(says(run_program({"export", "--format", "hf", "--out", (folder / "a").string()}).err, "--preset"));
  EXPECT_TRUE(
      says(run_program({"export", "--preset", "vit_larg", "--format", "hf", "--out", (folder / "a").string()}).err,
           "vit_large"));
  EXPECT_FALSE(fs::exists(folder / "a"));
}

TEST(BenchLoad, ComparesMemoryWithTheFile) {
  const auto run = run_program({"bench", "load", "--model", kClassifier, "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const json result = json::parse(run.out);
  EXPECT_EQ(result.at("file_bytes"), fs::file_size(kClassifier + "/model.safetensors"));
  EXPECT_GT(result.at("peak_rss_bytes"), result.at("base_rss_bytes"));
  EXPECT_GT(result.at("weight_bytes"), 300'000);
}

}  // namespace
}  // namespace foresee::tests
