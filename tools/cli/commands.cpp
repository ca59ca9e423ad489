#include <CLI/CLI.hpp>

#include "foresee/settings/device.h"
#include "foresee/settings/settings_json.h"
#include "jepa/core/error.h"
#include "jepa/core/text/json_text.h"
#include "tools/cli/command.h"
#include "tools/start/cuda.h"
#include "tools/start/streams.h"

namespace foresee::tools {

const std::vector<Command>& commands() {
  static const std::vector<Command> list = {
      {"demo", "The main job on real input in a few minutes: learn from video, plan to a goal picture, write a report",
       setup_demo, kDevice | kSeed | kOut | kStops, "  foresee demo\n  foresee demo --video clips/ --out runs/mine"},
      {"doctor", "What this machine can do, and what is missing", setup_doctor, kNone, "  foresee doctor --json"},
      {"data", "Video and episode sets: probe, collect", setup_data, kSettings | kSeed | kOut | kStops,
       "  foresee data probe clips/\n  foresee data collect --env two_room --policy expert --episodes 600 --out "
       "two_room.h5"},
      {"pretrain", "Learn to predict unlabeled video in latent space", setup_pretrain,
       kSettings | kDevice | kSeed | kOut | kStops,
       "  foresee pretrain --data clips/ --preset vjepa2-nano --steps 3000 --out runs/encoder"},
      {"train", "Learn what actions do: an action-conditioned world model", setup_train,
       kSettings | kDevice | kSeed | kOut | kStops,
       "  foresee train --family lewm --preset lewm-s64 --data two_room.h5 --steps 4000 --out runs/world\n  foresee "
       "train --probe --data labelled.csv --encoder runs/encoder --out runs/probe"},
      {"encode", "From videos and pictures to embeddings, or to the classes of a probe", setup_encode,
       kDevice | kOut | kStops, "  foresee encode --model runs/encoder --input clips/ --out features.safetensors"},
      {"plan", "From a picture and a goal picture to actions", setup_plan, kSettings | kDevice | kSeed | kOut | kStops,
       "  foresee plan --model tools/assets/two_room --obs now.png --goal goal.png --set planner.samples=300"},
      {"replay", "A recorded run of a controller once more: does it act the same? (exit 3 where not)", setup_replay,
       kDevice | kStops, "  foresee replay run.cbor"},
      {"eval", "Closed-loop success in an environment, beside its baselines", setup_eval,
       kSettings | kDevice | kSeed | kOut | kStops,
       "  foresee eval --env two_room --model tools/assets/two_room --episodes 100 --out runs/eval"},
      {"export", "Weights in the form of others: transformers, Meta, stable-worldmodel", setup_export, kSeed | kOut,
       "  foresee export --model runs/world --format swm --out exported"},
      {"inspect", "Every tensor of a weight file or model folder", setup_inspect, kNone,
       "  foresee inspect model.safetensors\n  foresee inspect runs/world --json"},
      {"verify", "Parity with recorded reference values (exit 3 on a mismatch)", setup_verify, kNone,
       "  foresee verify tests/fixtures/*/*/"},
      {"bench", "Speed on this machine", setup_bench, kDevice | kSeed | kSettings, "  foresee bench rollout --json"},
      {"report", "One self-contained HTML file for a run or an evaluation; tables, comparisons, model cards",
       setup_report, kOut,
       "  foresee report runs/eval\n  foresee report runs/a runs/b --compare\n  foresee report runs/eval --table "
       "latex"},
      {"config", "Every config key with its default, range and meaning", setup_config, kNone, "  foresee config plan"},
      {"completion", "A completion script for a shell, or the manual page", setup_completion, kNone,
       "  foresee completion bash > ~/.local/share/bash-completion/completions/foresee\n  foresee completion man > "
       "foresee.1"},
  };
  return list;
}

namespace {

struct Shared {
  const char* option;
  Uses use;
  const char* meaning;
};
constexpr Shared kShared[] = {{"--config", kSettings, "has no config keys"},
                              {"--set", kSettings, "has no config keys"},
                              {"--device", kDevice, "computes on no device of its own"},
                              {"--seed", kSeed, "draws nothing at random"},
                              {"--out", kOut, "writes no files"}};

}  // namespace

void hide_unused(CLI::App& app, unsigned uses) {
  for (const auto& [option, use, meaning] : kShared)
    if ((uses & use) == 0) app.get_option(option)->group("");
}

void refuse_unused(const CLI::App& app, const std::string& name, unsigned uses) {
  for (const auto& [option, use, meaning] : kShared)
    if ((uses & use) == 0 && app.count(option) > 0)
      fail("{}: {} is not used: this command {} (see 'foresee {} --help')", name, option, meaning, name);
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

void print_json(const nlohmann::ordered_json& value, int indent) { print_escaped(json_text(value, indent) + "\n"); }

}  // namespace foresee::tools
