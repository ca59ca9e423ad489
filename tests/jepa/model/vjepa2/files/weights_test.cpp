// Claims: Meta's, Hugging Face's and our own files lead to the same networks; what a file does not say is asked for by
// the name of an option; what does not fit is listed at once; exports read back equal.
#include "jepa/model/vjepa2/files/weights.h"

#include <gtest/gtest.h>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/torch.h"
#include "jepa/io/pt_write.h"
#include "jepa/io/safetensors.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/vjepa2/files/export.h"
#include "jepa/model/vjepa2/models.h"
#include "tests/support/log_capture.h"
#include "tests/support/refusal.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

const fs::path kFixtures = "tests/fixtures/vjepa2";
const fs::path kOfficial = kFixtures / "official_pt" / "latest.pt", kBase = kFixtures / "hf_base",
               kClassifier = kFixtures / "hf_classifier";

/// What the tiny files of the fixtures do not say.
Vjepa2ReadOptions tiny_options(EncoderKey weights = EncoderKey::kDefault) {
  Vjepa2ReadOptions options;
  options.weights = weights;
  options.heads = options.predictor_heads = options.action_heads = 2;
  options.probe_heads = 4;
  options.image_size = 32;
  options.frames = 4;
  return options;
}

std::string refusal_of_reading(const fs::path& path, const Vjepa2ReadOptions& options = tiny_options()) {
  return refusal_of<CheckpointError>([&] { read_vjepa2(path, options); });
}

::testing::AssertionResult equal(const TensorMap& a, const TensorMap& b) {
  if (a.size() != b.size()) return ::testing::AssertionFailure() << a.size() << " and " << b.size() << " tensors";
  for (const auto& [name, tensor] : a)
    if (!b.contains(name) || !at::equal(tensor, b.at(name))) return ::testing::AssertionFailure() << name;
  return ::testing::AssertionSuccess();
}

::testing::AssertionResult same_numbers(const Vjepa2Weights& a, const Vjepa2Weights& b) {
  if (auto result = equal(a.encoder, b.encoder); !result) return result;
  if (auto result = equal(a.predictor, b.predictor); !result) return result;
  if (a.probe.has_value() != b.probe.has_value()) return ::testing::AssertionFailure() << "a probe in one of them";
  return a.probe ? equal(a.probe->tensors, b.probe->tensors) : ::testing::AssertionSuccess();
}

void copy_folder(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  for (const auto& entry : fs::directory_iterator(from)) {
    fs::copy_file(entry.path(), to / entry.path().filename());
    fs::permissions(to / entry.path().filename(), fs::perms::owner_write, fs::perm_options::add);
  }
}

TEST(OfficialFile, HoldsBothEncodersAndTheTrainedOneIsTheDefault) {
  const auto by_default = read_vjepa2(kOfficial, tiny_options());
  const auto online = read_vjepa2(kOfficial, tiny_options(EncoderKey::kEncoder));
  const auto target = read_vjepa2(kOfficial, tiny_options(EncoderKey::kTargetEncoder));
  EXPECT_TRUE(equal(by_default.encoder, online.encoder));
  EXPECT_FALSE(equal(by_default.encoder, target.encoder));
  EXPECT_TRUE(by_default.encoder.contains("patch_embed.proj.weight"));  // without module.backbone.
  EXPECT_EQ(by_default.config.encoder.depth, 2);
  EXPECT_EQ(by_default.config.encoder.patch_size, 8);
  EXPECT_EQ(by_default.config.predictor.mask_tokens, 2);
  make_encoder(by_default);
  make_predictor(by_default);
}

TEST(OfficialFile, OfActionConditionedModelsHasTheTargetEncoderAsDefault) {
  const auto weights = read_vjepa2(kFixtures / "official_ac" / "latest.pt", tiny_options());
  EXPECT_TRUE(weights.predictor.empty());
  EXPECT_TRUE(weights.action_predictor.contains("action_encoder.weight"));
  EXPECT_EQ(weights.action_sizes.width, 32);
  EXPECT_FALSE(weights.encoder.empty());
}

TEST(OfficialFile, OfAProbeHoldsAllItsClassifiers) {
  const fs::path path = kFixtures / "official_probe" / "latest.pt";
  auto options = tiny_options();
  const auto first = read_vjepa2(path, options);
  options.classifier = 1;
  const auto second = read_vjepa2(path, options);
  ASSERT_TRUE(first.probe && second.probe);
  EXPECT_FALSE(equal(first.probe->tensors, second.probe->tensors));
  EXPECT_EQ(make_probe(*first.probe, "test")->config.classes, std::vector<int64_t>{6});
  EXPECT_TRUE(first.encoder.empty());
  options.classifier = 99;
  EXPECT_TRUE(says(refusal_of_reading(path, options), "classifier 99"));
}

TEST(OfficialFile, NamesTheOptionForWhatItDoesNotSay) {
  const auto unknown = [](const fs::path& path, const Vjepa2ReadOptions& options) -> std::string {
    try {
      read_vjepa2(path, options);
    } catch (const UnknownSizeError& error) {
      return error.option();
    }
    return "";
  };
  EXPECT_EQ(unknown(kOfficial, {}), "heads");
  auto options = tiny_options();
  options.predictor_heads.reset();
  EXPECT_EQ(unknown(kOfficial, options), "predictor_heads");
  options.heads = 5;
  EXPECT_TRUE(says(refusal_of_reading(kOfficial, options), "divisor of the width 32"));
  EXPECT_EQ(unknown(kFixtures / "official_probe" / "latest.pt", {}), "probe_heads");
  EXPECT_EQ(unknown(kFixtures / "official_ac" / "latest.pt", {}), "heads");
}

TEST(OfficialFile, OfPublishedSizeNeedsNoOption) {
  const TensorMap shapes = [] {
    TensorMap tensors;
    const auto names = read_json(kFixtures / "full_size_names.json").at("official.vitg.encoder");
    for (const auto& [name, shape] : names.items())
      tensors[name] = at::empty(shape.get<std::vector<int64_t>>(), at::kMeta);
    return tensors;
  }();
  const StackSizes sizes = stack_sizes(shapes, "blocks", std::nullopt, "heads", "test");
  EXPECT_EQ(sizes.heads, 22);
  EXPECT_EQ(sizes.depth, 40);
  EXPECT_EQ(static_cast<int64_t>(1408 * sizes.mlp_ratio()), 6144);
}

TEST(OfficialFile, OfVersion21IsRefusedByName) {
  const TemporaryFolder folder;
  const TensorMap one{{"module.backbone.patch_embed.proj.weight", torch::zeros({1})}};
  TensorMap later = one;
  later["module.backbone.norms_block.0.weight"] = torch::zeros({1});
  save_pt(folder / "a.pt", {{"target_encoder", later}});
  save_pt(folder / "b.pt", {{"ema_encoder", one}});
  for (const char* name : {"a.pt", "b.pt"}) EXPECT_TRUE(says(refusal_of_reading(folder / name), "V-JEPA 2.1")) << name;
}

TEST(OfficialFile, ThatIsSomethingElseIsRefusedWithItsKeys) {
  const TemporaryFolder folder;
  save_pt(folder / "a.pt", {{"weights", TensorMap{{"x", torch::zeros({1})}}}});
  EXPECT_TRUE(says(refusal_of_reading(folder / "a.pt"), "got weights"));
  EXPECT_EQ(vjepa2_content(folder / "a.pt"), Vjepa2Content::kNone);
  EXPECT_EQ(vjepa2_content(folder / "absent"), Vjepa2Content::kNone);
  EXPECT_EQ(vjepa2_content("tests/fixtures/lewm/tiny"), Vjepa2Content::kNone);
}

TEST(OfficialFile, OfPositionTablesIgnoresThem) {
  const TemporaryFolder folder;
  const auto weights = read_vjepa2(kOfficial, tiny_options());
  TensorMap encoder = weights.encoder, predictor = weights.predictor;
  encoder["pos_embed"] = torch::zeros({1, 4, 32});
  predictor["predictor_pos_embed"] = torch::zeros({1, 4, 24});
  save_pt(folder / "a.pt", {{"encoder", encoder}, {"predictor", predictor}});
  EXPECT_TRUE(same_numbers(read_vjepa2(folder / "a.pt", tiny_options()), weights));
}

TEST(HuggingfaceFolder, CarriesItsQuirksAndItsLabels) {
  const auto weights = read_vjepa2(kClassifier);
  EXPECT_EQ(weights.format, "huggingface");
  EXPECT_EQ(weights.config.encoder.position_grid, PositionGrid::kImageSize);
  EXPECT_EQ(weights.config.encoder.context_masking, ContextMasking::kAfterBlocks);
  EXPECT_EQ(weights.preprocess.size, 32);
  ASSERT_TRUE(weights.probe);
  EXPECT_EQ(weights.probe->labels.at(6), "label 6");
  EXPECT_EQ(weights.probe->sizes.heads, 2);
  EXPECT_EQ(weights.probe->layer_norm_eps, 1e-6);
  make_encoder(weights);
  make_predictor(weights);
  make_probe(*weights.probe, "test");
}

TEST(HuggingfaceFolder, ReadsSeveralFilesAsOne) {
  const TemporaryFolder folder;
  const auto whole = read_vjepa2(kBase);
  export_huggingface(whole, folder.path(), /*shard_bytes=*/100'000);
  EXPECT_TRUE(fs::exists(folder / "model.safetensors.index.json"));
  EXPECT_FALSE(fs::exists(folder / "model.safetensors"));
  EXPECT_TRUE(same_numbers(read_vjepa2(folder.path()), whole));
}

TEST(HuggingfaceFolder, RefusesAnIndexThatLeadsElsewhere) {
  const TemporaryFolder folder;
  copy_folder(kBase, folder / "m");
  const fs::path index = folder / "m" / "model.safetensors.index.json";
  fs::rename(folder / "m" / "model.safetensors", folder / "outside.safetensors");
  for (const char* name : {"../outside.safetensors", "/etc/passwd", "..", ""}) {
    write_json(index, {{"weight_map", {{"encoder.layernorm.weight", name}}}});
    EXPECT_TRUE(says(refusal_of_reading(folder / "m", {}), "a file beside the index")) << name;
  }
  write_json(index, {{"weight_map", {{"encoder.layernorm.weight", "absent.safetensors"}}}});
  EXPECT_TRUE(says(refusal_of_reading(folder / "m", {}), "absent.safetensors"));
}

TEST(HuggingfaceFile, IsReadBesideWhatATrainerSavedWithIt) {
  const TemporaryFolder folder;
  const TensorMap model = load_safetensors(kBase / "model.safetensors");
  const TensorMap optimizer{{"exp_avg", torch::zeros({3})}};
  TensorMap with_head = with_prefix_added(model, "model.");
  with_head["head.weight"] = torch::zeros({3, 3});
  save_pt(folder / "a.ckpt", {{"state_dict", with_prefix_added(model, "model.")}, {"optimizer_states", optimizer}});
  save_pt(folder / "b.ckpt", {{"state_dict", with_head}, {"optimizer_states", optimizer}});
  save_pt(folder / "c.pt", {{"MODEL_STATE", with_prefix_added(model, "module.")}, {"optimizer", optimizer}});
  save_pt(folder / "d.pt", {{"net", with_prefix_added(model, "vjepa2.")}, {"optimizer", optimizer}});
  const auto plain = read_vjepa2(kBase);
  for (const char* name : {"a.ckpt", "b.ckpt", "c.pt", "d.pt"})
    EXPECT_TRUE(same_numbers(read_vjepa2(folder / name, tiny_options()), plain)) << name;
  save_pt(folder / "two.pt", {{"student", model}, {"teacher", model}});
  EXPECT_TRUE(says(refusal_of_reading(folder / "two.pt"), "student.encoder., teacher.encoder."));
}

TEST(HuggingfaceFolder, WithAnAdapterSaysThatItIsNotMerged) {
  const TemporaryFolder folder;
  copy_folder(kBase, folder / "m");
  write_json(folder / "m" / "adapter_config.json", {{"peft_type", "LORA"}});
  const LogCapture lines;
  read_vjepa2(folder / "m");
  EXPECT_TRUE(says(lines.text(), "an adapter lies beside the model; it is not merged in"));
}

TEST(HuggingfaceFolder, ListsAllThatDoesNotFitAtOnce) {
  const TemporaryFolder folder;
  copy_folder(kBase, folder / "m");
  TensorMap tensors = load_safetensors(kBase / "model.safetensors");
  tensors.erase("encoder.layer.0.attention.key.weight");
  tensors.erase("encoder.layer.1.attention.value.bias");
  tensors["encoder.layer.0.attention.attention.query.weight"] = torch::zeros({1});
  save_safetensors(folder / "m" / "model.safetensors", tensors);
  const std::string message = refusal_of_reading(folder / "m", {});
  EXPECT_TRUE(says(message, "2 missing (encoder.layer.0.attention.key.weight, encoder.layer.1.attention.value.bias)"));
  EXPECT_TRUE(says(message, "1 unexpected (encoder.layer.0.attention.attention.query.weight)"));

  tensors = load_safetensors(kBase / "model.safetensors");
  tensors.erase("encoder.layernorm.bias");
  tensors["encoder.layer.0.norm1.weight"] = torch::zeros({3});
  save_safetensors(folder / "m" / "model.safetensors", tensors);
  const auto weights = read_vjepa2(folder / "m");
  const auto fit = refusal_of<CheckpointError>([&] { make_encoder(weights); });
  EXPECT_TRUE(says(fit, "1 missing (norm.bias)"));
  EXPECT_TRUE(says(fit, "1 misshapen (blocks.0.norm1.weight"));
}

TEST(HuggingfaceFolder, NamesWhatATrainerSavedBesideTheModel) {
  const TemporaryFolder folder;
  copy_folder(kBase, folder / "m");
  fs::remove(folder / "m" / "model.safetensors");
  const TensorMap model = load_safetensors(kBase / "model.safetensors");
  TensorMap trained = with_prefix_added(model, "model.");
  trained["criterion.weight"] = torch::ones({3});
  save_pt(folder / "m" / "pytorch_model.bin",
          {{"state_dict", trained}, {"optimizer_states", TensorMap{{"exp_avg", torch::zeros({2})}}}});
  const LogCapture lines;
  const auto read = read_vjepa2(folder / "m");
  EXPECT_TRUE(
      says(lines.text(), "2 tensors beside the model are not read (criterion.weight, optimizer_states.exp_avg)"))
      << lines.text();
  const auto wanted = read_vjepa2(kBase);
  ASSERT_EQ(read.encoder.size(), wanted.encoder.size());
  for (const auto& [name, tensor] : wanted.encoder) EXPECT_TRUE(at::equal(read.encoder.at(name), tensor)) << name;
}

TEST(HuggingfaceFolder, SaysThatItKnowsItsSizesItself) {
  LogCapture log;
  Vjepa2ReadOptions options;
  options.heads = 2;
  read_vjepa2(kBase, options);
  EXPECT_EQ(log.text(), "") << "the same number";
  options.heads = 8;
  options.image_size = 64;
  read_vjepa2(kBase, options);
  EXPECT_TRUE(says(log.text(), "its config says 2 attention heads; 8 are asked for, which is not used"));
  EXPECT_TRUE(says(log.text(), "its config says 48 px of a training crop; 64 are asked for"));
}

TEST(HuggingfaceFolder, RefusesWeightsThatAreNotFinite) {
  const TemporaryFolder folder;
  copy_folder(kBase, folder / "m");
  TensorMap tensors = load_safetensors(kBase / "model.safetensors");
  tensors["encoder.layernorm.bias"][3] = NAN;
  save_safetensors(folder / "m" / "model.safetensors", tensors);
  EXPECT_TRUE(
      says(refusal_of<NotFiniteError>([&] { read_vjepa2(folder / "m"); }), "hold NaN or infinity (first: norm.bias)"));
  const LogCapture lines;
  Vjepa2ReadOptions options;
  options.allow_nan = true;
  read_vjepa2(folder / "m", options);
  EXPECT_TRUE(says(lines.text(), "hold NaN or infinity (first: norm.bias)"));
  tensors["encoder.layernorm.bias"] = tensors["encoder.layernorm.bias"].to(at::kFloat8_e4m3fn);
  save_safetensors(folder / "m" / "model.safetensors", tensors);
  EXPECT_TRUE(says(refusal_of<NotFiniteError>([&] { read_vjepa2(folder / "m"); }), "first: norm.bias"))
      << "8-bit floats";
}

TEST(HuggingfaceFolder, RefusesConfigsThatLie) {
  const TemporaryFolder folder;
  copy_folder(kBase, folder / "m");
  const auto original = read_json(kBase / "config.json");
  const auto refusal_with = [&](const char* key, const nlohmann::json& value) {
    nlohmann::ordered_json config = original;
    config[key] = value;
    write_json(folder / "m" / "config.json", config);
    return refusal_of_reading(folder / "m", {});
  };
  EXPECT_TRUE(says(refusal_with("hidden_size", -3), "hidden_size"));
  EXPECT_TRUE(says(refusal_with("num_attention_heads", "two"), "num_attention_heads"));
  EXPECT_TRUE(says(refusal_with("num_attention_heads", 3), "multiple of heads"));
  EXPECT_TRUE(says(refusal_with("hidden_act", "relu"), "gelu"));
  EXPECT_TRUE(says(refusal_with("in_chans", 4), "in_chans"));
  EXPECT_TRUE(says(refusal_with("mlp_ratio", nlohmann::json::array()), "mlp_ratio"));
  EXPECT_TRUE(says(refusal_with("model_type", "llama"), "family"));
}

TEST(Vjepa2Export, ReadsBackEqualInEveryForm) {
  const TemporaryFolder folder;
  for (const fs::path& source : {kOfficial, kBase, kClassifier}) {
    const auto weights = read_vjepa2(source, source == kOfficial ? tiny_options() : Vjepa2ReadOptions());
    const fs::path hf = folder / (source.parent_path().filename().string() + source.stem().string() + "-hf");
    const fs::path official = hf.string() + "-official", own = hf.string() + "-own";
    export_huggingface(weights, hf);
    EXPECT_TRUE(same_numbers(read_vjepa2(hf), weights)) << source;
    export_foresee(weights, own);
    const auto ours = read_vjepa2(own);
    EXPECT_TRUE(same_numbers(ours, weights)) << source;
    EXPECT_EQ(config_json(ours.config), config_json(weights.config));
    export_official(weights, official);
    auto options = tiny_options();
    options.probe_heads = 2;
    auto meta = read_vjepa2(official / "model.pt", options);
    if (weights.probe) meta.probe = read_vjepa2(official / "probe.pt", options).probe;
    EXPECT_TRUE(same_numbers(meta, weights)) << source;
  }
}

TEST(Vjepa2Export, KeepsTheNamesOfEveryFixtureFile) {
  const TemporaryFolder folder;
  export_huggingface(read_vjepa2(kClassifier), folder.path());
  const SafetensorsFile ours(folder / "model.safetensors"), theirs(kClassifier / "model.safetensors");
  EXPECT_EQ(ours.entries().size(), theirs.entries().size());
  for (const auto& [name, entry] : theirs.entries()) EXPECT_EQ(ours.entries().count(name), 1u) << name;
  EXPECT_EQ(ours.metadata().at("format"), "pt");
}

TEST(Vjepa2Export, RefusesWhatTheFormCannotHold) {
  const TemporaryFolder folder;
  const auto actions = read_vjepa2(kFixtures / "official_ac" / "latest.pt", tiny_options());
  EXPECT_TRUE(
      says(refusal_of<CheckpointError>([&] { export_huggingface(actions, folder.path()); }), "action-conditioned"));
  auto weights = read_vjepa2(kClassifier);
  weights.probe->sizes.heads = 4;
  EXPECT_TRUE(says(refusal_of<CheckpointError>([&] { export_huggingface(weights, folder.path()); }), "heads"));
  EXPECT_EQ(count_entries(folder.path()), 0);
}

TEST(LoadVideoEncoder, TakesEveryForm) {
  const TemporaryFolder folder;
  const auto weights = read_vjepa2(kOfficial, tiny_options());
  export_huggingface(weights, folder / "hf");
  export_foresee(weights, folder / "own");
  for (const fs::path& path : {folder / "hf", folder / "own"})
    EXPECT_TRUE(equal(state_dict(*load_video_encoder(path).encoder), weights.encoder)) << path;
  EXPECT_TRUE(equal(state_dict(*load_video_encoder(kOfficial, tiny_options()).encoder), weights.encoder));
  EXPECT_TRUE(says(refusal_of<CheckpointError>([] { load_video_encoder("tests/fixtures/lewm/tiny"); }), "lewm"));
}

}  // namespace
}  // namespace foresee
