#include <CLI/CLI.hpp>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/log.h"
#include "jepa/io/pt_write.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/lewm/lewm.h"
#include "jepa/model/vjepa2/files/export.h"
#include "jepa/model/vjepa2_ac/vjepa2_ac.h"
#include "tools/cli/command.h"
#include "tools/cli/model_options.h"

namespace foresee::tools {
namespace {

namespace fs = std::filesystem;

struct Options {
  fs::path model;
  std::string preset, format;
  Vjepa2ReadOptions read;
};

int64_t count_elements(const TensorMap& tensors) {
  int64_t count = 0;
  for (const auto& [name, tensor] : tensors) count += tensor.numel();
  return count;
}

/// @returns numbers written, of all networks.
int64_t export_vjepa2(const Vjepa2Weights& weights, const std::string& format, const fs::path& out) {
  if (format == "hf") {
    export_huggingface(weights, out);
  } else if (format == "official") {
    export_official(weights, out);
  } else if (format == "foresee" && !weights.action_predictor.empty()) {
    const LoadedVjepa2Ac loaded = load_vjepa2_ac(weights, /*use_extrinsics=*/false);
    ModelFolder folder{
        .family = "vjepa2_ac", .model = config_json(loaded.model.config), .preprocess = loaded.preprocess};
    folder.actions = loaded.actions;
    folder.weights = loaded.model.weights();
    save_model_folder(out, folder);
  } else if (format == "foresee") {
    export_foresee(weights, out);
  } else {
    fail("--format {}: a model of family vjepa2 is written as hf, official or foresee", format);
  }
  return count_elements(weights.encoder) + count_elements(weights.predictor) +
         count_elements(weights.action_predictor) + (weights.probe ? count_elements(weights.probe->tensors) : 0);
}

/// Takes the heads off: networks beside the model that no loss of it depends on (Note [Heads of LeWM]).
void drop_heads(LewmConfig& config, TensorMap& weights) {
  config.heads = {};
  if (std::erase_if(weights, [](const auto& item) { return of_heads(item.first); }) > 0)
    log_info("stable-worldmodel's LeWM has no heads: they are left out");
}

int64_t export_lewm(const fs::path& path, const std::string& format, const fs::path& out) {
  ModelFolder folder = load_model_folder(path, "lewm");
  LewmConfig config = lewm_config(folder.model, (path / "config.json").string());
  folder.weights = with_transformers4_names(folder.weights);
  check_state_dict(*Lewm(config), folder.weights, path.string());
  if (format == "foresee") {
    folder.model = config_json(config);
    save_model_folder(out, folder);
  } else if (format == "swm") {
    drop_heads(config, folder.weights);
    const auto upstream = swm_config(config);  // before anything is written: it may refuse
    fs::create_directories(out);
    save_pt(out / "weights.pt", folder.weights);
    write_json(out / "preprocess.json", config_json(folder.preprocess));  // ours: its originals ignore both
    if (folder.actions) write_json(out / "actions.json", config_json(*folder.actions));
    write_json(out / "config.json", upstream);
  } else {
    fail("--format {}: a model of family lewm is written as swm or foresee", format);
  }
  return count_elements(folder.weights);
}

int export_model(const Options& options, const CommonOptions& common) {
  if (!common.out) fail("--out DIR is missing: where the exported model goes");
  if (options.model.empty() == options.preset.empty())
    fail("expected one of --model PATH and --preset NAME (random weights)");
  int64_t count = 0;
  Output place = Output::folder(*common.out, "model", output_rules(common, {options.model}));
  if (!options.preset.empty()) {
    count = export_vjepa2(random_vjepa2(options.preset, common.seed), options.format, place.staged());
  } else if (fs::is_directory(options.model) && !is_vjepa2(options.model)) {
    count = export_lewm(options.model, options.format, place.staged());
  } else {
    count = export_vjepa2(read_vjepa2(options.model, options.read), options.format, place.staged());
  }
  place.commit();
  const std::string from = options.preset.empty() ? options.model.string() : options.preset;
  if (common.json)
    print_json({{"model", from}, {"format", options.format}, {"out", common.out->string()}, {"parameters", count}});
  else
    fmt::print("{}: {} parameters written as {} to {}\n", from, count, options.format, common.out->string());
  return 0;
}

}  // namespace

Run setup_export(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<Options>();
  app.add_option("--model", options->model,
                 "What to export: a folder of ours, of Hugging Face or of stable-worldmodel, a run, Meta's .pt");
  app.add_option("--preset", options->preset, "Random weights (--seed) of a named model instead: vit_large, vitg, ...");
  app.add_option("--format", options->format,
                 "hf (transformers), official (Meta's .pt), swm (stable-worldmodel), foresee (ours)")
      ->required()
      ->check(CLI::IsMember({"hf", "official", "swm", "foresee"}));
  add_overwrite(app, common);
  add_vjepa2_options(app, options->read);
  return [=, &common] { return export_model(*options, common); };
}

}  // namespace foresee::tools
