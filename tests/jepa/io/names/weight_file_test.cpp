// Claims: the tensors of a weight file are there by their bare names, in whatever form and wrapping it comes.
#include "jepa/io/names/weight_file.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/torch.h"
#include "jepa/io/names/pickled_config.h"
#include "jepa/io/names/weight_folder.h"
#include "jepa/io/pt_write.h"
#include "jepa/model/family/foreign_model.h"
#include "tests/jepa/io/pt_bytes.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

using namespace pickle_text;

const std::pair<std::string, std::string> kTwoFloats{"0", bytes_of(1.F) + bytes_of(2.F)};

std::string two_floats() { return tensor(storage("FloatStorage", "0", 2), 0, {2}, {1}); }

/// A pickled object of a class, with this state.
std::string object(const std::string& module, const std::string& name, const std::string& state) {
  return global(module, name) + ")\x81" + state + "b";
}

std::string module_of(const std::string& name, const std::vector<std::pair<std::string, std::string>>& parameters,
                      const std::vector<std::pair<std::string, std::string>>& modules,
                      std::vector<std::pair<std::string, std::string>> more = {}) {
  more.insert(more.begin(), {{"_parameters", dict(parameters)}, {"_buffers", dict({})}, {"_modules", dict(modules)}});
  return object("somewhere", name, dict(more));
}

TEST(WeightFile, TakesAPickledModuleApart) {
  const TemporaryFolder folder;
  const std::string config = object("somewhere", "Config", dict({{"hidden_size", number(24)}, {"act", text("gelu")}}));
  write_file(folder / "m.pt",
             pt_bytes(module_of("Model", {}, {{"norm", module_of("Norm", {{"weight", two_floats()}}, {})}},
                                {{"config", config}}),
                      {kTwoFloats}));
  const WeightFile file(folder / "m.pt");
  ASSERT_EQ(file.names().stored.size(), 1u);
  EXPECT_TRUE(at::equal(file.tensors().at("norm.weight"), torch::tensor({1.F, 2.F})));
  EXPECT_EQ(pickled_class(*file.pt()), "somewhere.Model");
  EXPECT_EQ(pickled_config(*file.pt(), "Config"), (nlohmann::json{{"hidden_size", 24}, {"act", "gelu"}}));
}

TEST(WeightFile, FindsTheConfigOfAModuleThatIsWrapped) {
  const TemporaryFolder folder;
  const std::string config = object("somewhere", "VJEPA2Config", dict({{"hidden_size", number(24)}}));
  const std::string other = object("somewhere", "Namespace", dict({{"hidden_size", number(7)}}));
  const std::string model = module_of("Model", {{"weight", two_floats()}}, {}, {{"config", config}});
  const std::string wrapped = module_of("LightningModule", {}, {{"model", model}}, {{"config", other}});
  const nlohmann::json expected = {{"hidden_size", 24}};
  for (const std::string& root : {wrapped, dict({{"epoch", number(3)}, {"ema", wrapped}})}) {
    write_file(folder / "m.pt", pt_bytes(root, {kTwoFloats}));
    const WeightFile file(folder / "m.pt");
    EXPECT_EQ(pickled_config(*file.pt(), "VJEPA2Config"), expected);
    EXPECT_EQ(pickled_class(*file.pt()), "somewhere.LightningModule");
    EXPECT_TRUE(pickled_config(*file.pt(), "LewmConfig").is_null());
  }
}

TEST(WeightFile, ReadsCheckpointsOfTrainers) {
  const TemporaryFolder folder;
  save_pt(folder / "a.ckpt",
          {{"state_dict", TensorMap{{"model.encoder.weight", torch::ones({2})}, {"loss.scale", torch::ones({1})}}},
           {"epoch", int64_t{3}}});
  const WeightFile file(folder / "a.ckpt");
  EXPECT_EQ(file.tensors("encoder.").size(), 1u);
  EXPECT_TRUE(says(file.summary(), "model (a member of a LightningModule or a trainer)"));
}

TEST(WeightFile, HasTensorsThatAreStoredOnceUnderAllTheirNames) {
  const TemporaryFolder folder;
  save_safetensors(folder / "a.safetensors", {{"decoder.weight", torch::ones({2})}},
                   {{"encoder.weight", "decoder.weight"}, {"format", "pt"}});
  const TensorMap tensors = WeightFile(folder / "a.safetensors").tensors();
  ASSERT_EQ(tensors.size(), 2u);
  EXPECT_TRUE(at::equal(tensors.at("encoder.weight"), tensors.at("decoder.weight")));
}

TEST(WeightFile, RefusesTwoTensorsOfOneName) {
  const TemporaryFolder folder;
  save_pt(folder / "a.pt",
          {{"model", TensorMap{{"w", torch::ones({2})}}}, {"net", TensorMap{{"w", torch::ones({2})}}}});
  const WeightFile file(folder / "a.pt");
  const auto refusal = refusal_of<CheckpointError>([&] { file.tensors(); });
  EXPECT_TRUE(says(refusal, "two tensors for 'w': 'model.w' and 'net.w'"));
}

TEST(WeightFile, RefusesTensorsThatItCannotReadWhenTheyAreWanted) {
  const TemporaryFolder folder;
  const std::string quantised = call(global("torch._utils", "_rebuild_qtensor"),
                                     "(" + storage("QInt8Storage", "0", 8) + number(0) + numbers({8}) + numbers({1}) +
                                         ")\x89" + call(global("collections", "OrderedDict"), ")") + "t");
  write_file(folder / "q.pt", pt_bytes(dict({{"a.w", quantised}, {"b.w", two_floats()}}), {kTwoFloats}));
  const WeightFile file(folder / "q.pt");
  EXPECT_EQ(file.tensors("b.").size(), 1u);
  EXPECT_TRUE(says(refusal_of<CheckpointError>([&] { file.tensors("a."); }), "a quantised tensor, which is not read"));
}

TEST(WeightFolder, NamesTheFilesThatAreAbsent) {
  const TemporaryFolder folder;
  save_safetensors(folder / "a.safetensors", {{"x", torch::ones({2})}});
  write_json(folder / "model.safetensors.index.json",
             {{"weight_map", {{"x", "a.safetensors"}, {"y", "b.safetensors"}}}});
  EXPECT_EQ(missing_shards(folder.path()), std::vector<std::string>{"b.safetensors"});
  EXPECT_TRUE(says(refusal_of<CheckpointError>([&] { folder_tensors(folder.path()); }), "b.safetensors"));
  save_safetensors(folder / "b.safetensors", {{"z", torch::ones({2})}});
  EXPECT_TRUE(says(refusal_of<CheckpointError>([&] { folder_tensors(folder.path()); }), "y in b.safetensors"));
  save_safetensors(folder / "b.safetensors", {{"y", torch::ones({2})}, {"z", torch::ones({2})}});
  EXPECT_EQ(folder_tensors(folder.path()).size(), 2u) << "what the index does not name is not read";
}

TEST(ForeignModel, IsNamed) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "lora");
  write_json(folder / "lora" / "adapter_config.json", {{"peft_type", "LORA"}, {"base_model_name_or_path", "base"}});
  save_safetensors(folder / "lora" / "adapter_model.safetensors",
                   {{"layer.query.lora_A.weight", torch::ones({1})}, {"layer.query.lora_B.weight", torch::ones({1})}});
  for (const auto& path : {folder / "lora", folder / "lora" / "adapter_model.safetensors"}) {
    EXPECT_TRUE(says(foreign_model(path).value_or(""), "an adapter (LORA)")) << path;
    EXPECT_TRUE(says(foreign_model(path).value_or(""), "those of base")) << path;
  }
  std::filesystem::create_directories(folder / "other");
  write_json(folder / "other" / "config.json", {{"_target_", "stable_worldmodel.wm.pldm.PLDM"}});
  EXPECT_TRUE(says(foreign_model(folder / "other").value_or(""), "class stable_worldmodel.wm.pldm.PLDM"));
  EXPECT_FALSE(foreign_model("tools/assets/two_room"));
  EXPECT_FALSE(foreign_model("no/such/path"));
}

}  // namespace
}  // namespace foresee
