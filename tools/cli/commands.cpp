#include <CLI/CLI.hpp>
#include <iostream>

#include "foresee/settings/device.h"
#include "foresee/settings/settings_json.h"
#include "jepa/core/error.h"
#include "tools/cli/command.h"
#include "tools/start/cuda.h"

namespace foresee::tools {

const std::vector<Command>& commands() {
  static const std::vector<Command> list = {
      {"demo", "The main job on real input in a few minutes: learn from video, plan to a goal picture, write a report",
       setup_demo},
      {"doctor", "What this machine can do, and what is missing", setup_doctor},
      {"data", "Video and episode sets: probe, collect", setup_data},
      {"pretrain", "Learn to predict unlabeled video in latent space", setup_pretrain},
      {"train", "Learn what actions do: an action-conditioned world model", setup_train},
      {"encode", "From videos and pictures to embeddings, or to the classes of a probe", setup_encode},
      {"plan", "From a picture and a goal picture to actions", setup_plan},
      {"eval", "Closed-loop success in an environment, beside its baselines", setup_eval},
      {"export", "Weights in the form of others: transformers, Meta, stable-worldmodel", setup_export},
      {"inspect", "Every tensor of a weight file or model folder", setup_inspect},
      {"verify", "Parity with recorded reference values (exit 3 on a mismatch)", setup_verify},
      {"bench", "Speed on this machine", setup_bench},
      {"report", "One self-contained HTML file for a run or an evaluation", setup_report},
      {"config", "Every config key with its default, range and meaning", setup_config},
  };
  return list;
}

nlohmann::json layered_config(const nlohmann::json& defaults, const CommonOptions& common) {
  return settings_json(defaults, {common.config, common.set});
}

JobOptions job_options(const CommonOptions& common) {
  if (common.device == "cuda")
    if (const CudaState cuda = cuda_state(); !cuda.available)
      fail("--device cuda: {}; use --device cpu, or see 'foresee doctor'", cuda.reason);
  const Device device = common.device == "cuda" ? Device::kCuda : common.device == "cpu" ? Device::kCpu : Device::kAuto;
  return {.settings = {common.config, common.set},
          .device = device,
          .seed = common.seed,
          .threads = common.threads,
          .overwrite = common.overwrite};
}

std::string resolve_device(const CommonOptions& common) { return job_device(job_options(common).device).str(); }

void add_overwrite(CLI::App& app, CommonOptions& common) {
  app.add_flag("--overwrite", common.overwrite, "Replace an earlier result of this program; anything else is refused");
}

OutputRules output_rules(const CommonOptions& common, std::vector<std::filesystem::path> inputs,
                         std::vector<std::filesystem::path> input_folders) {
  if (common.config) inputs.push_back(*common.config);
  return {common.overwrite, std::move(inputs), std::move(input_folders)};
}

void print_json(const nlohmann::ordered_json& value) { std::cout << value.dump(2) << std::endl; }

}  // namespace foresee::tools
