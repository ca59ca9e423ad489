#include <fmt/ranges.h>

#include <CLI/CLI.hpp>

#include "foresee/train/trainers.h"
#include "jepa/core/error.h"
#include "jepa/core/picture_rule.h"
#include "tools/cli/command.h"
#include "tools/cli/options/enum_option.h"
#include "tools/cli/options/hints.h"
#include "tools/cli/options/model_options.h"
#include "tools/cli/options/request_flags.h"
#include "tools/start/streams.h"

namespace foresee::tools {
namespace {

const RequestFlags kTrainFlags{{"family", "--family"},
                               {"preset", "--preset"},
                               {"data", "--data FILE..."},
                               {"init", "--init DIR"},
                               {"rehearse", "--rehearse FILE..."},
                               {"encoder", "--encoder PATH"},
                               {"camera", "--camera NAME"},
                               {"picture", "--picture RULE"},
                               {"tolerance_s", "--tolerance-s"},
                               {"strict", "--strict"},
                               {"allow", "--allow NAME"},
                               {"hold_out", "--hold-out"},
                               {"latents", "--latents DIR"},
                               {"seed", "--seed"},
                               {"device", "--device"},
                               {"out", "--out RUN"},
                               {"weights", "--weights"},
                               {"heads", "--heads"},
                               {"predictor_heads", "--predictor-heads"},
                               {"action_heads", "--action-heads"},
                               {"probe_heads", "--probe-heads"},
                               {"image_size", "--image-size"},
                               {"frames", "--frames"},
                               {"classifier", "--classifier"},
                               {"use_extrinsics", "--use-extrinsics"},
                               {"allow_nan", "--allow-nan"}};

int run_train(TrainRequest request, const CommonOptions& common) {
  request.options = job_options(common);
  request.out = common.out.value_or("");
  const TrainResult done = with_hints({{"several cameras", "--camera NAME"},
                                       {"can be allowed", "--allow NAME"},
                                       {"actions=state_change takes", "--set actions=state_change"},
                                       {"with a frameskip of", "--set frameskip=N"}},
                                      [&] { return train(request, common.control); });
  if (done.interrupted && done.model.empty()) fail("train: interrupted before the first step; no run was begun");
  if (!common.json) {
    for (const auto& [name, value] : done.held_out) print_line("{:<28} {:.4g}", name, value);
    print_line("{:<28} {}", "steps", done.steps);
    print_line("{:<28} {}", "model", done.model.string());
    print_line("{:<28} foresee report {}", "look at it", done.run.string());
    return 0;
  }
  auto held_out = nlohmann::ordered_json::object();
  for (const auto& [name, value] : done.held_out) held_out[name] = value;
  print_json({{"run", done.run.string()},
              {"model", done.model.string()},
              {"steps", done.steps},
              {"interrupted", done.interrupted},
              {"seconds", done.seconds},
              {"frames_per_second", done.frames_per_second},
              {"held_out", held_out}});
  return 0;
}

/// The families that use a member of the request; of "" all: "vjepa2_ac, probe".
std::string families_with(const std::string& member) {
  std::vector<std::string> names;
  for (const Trainer& trainer : trainers())
    if (member.empty() || trainer.takes(member)) names.push_back(trainer.family);
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string presets_text() {
  std::string text = "Where the defaults come from:";
  for (const Trainer& trainer : trainers())
    if (!trainer.presets.empty())
      text +=
          fmt::format(" {} ({}; default {})", fmt::join(trainer.presets, ", "), trainer.family, trainer.usual_preset);
  return text;
}

}  // namespace

Run setup_train(CLI::App& app, CommonOptions& common) {
  auto request = std::make_shared<TrainRequest>();
  CLI::Option* const family =
      app.add_option("--family", request->family, "What is trained: " + families_with(""))->capture_default_str();
  app.add_flag_callback(
         "--probe", [request] { request->family = "probe"; }, "The same as --family probe")
      ->excludes(family);
  app.add_option("--preset", request->preset, presets_text());
  app.add_option("--data", request->data,
                 "Sets of episodes, of any format that is read; of a probe a list, 'PATH LABEL' in each line");
  app.add_option("--camera", request->camera, families_with("episodes") + ": which camera of several")
      ->option_text("NAME");
  add_choice(
      app, "--picture", request->picture, kPictureRuleNames,
      families_with("picture") + ": how pictures become the model's square (lewm: resize; vjepa2_ac: its centre)");
  app.add_option("--tolerance-s", request->tolerance_s,
                 families_with("episodes") + ": how far a film's frame may lie from its row's time, seconds")
      ->check(CLI::PositiveNumber);
  app.add_flag("--strict", request->strict, families_with("episodes") + ": a broken part or a finding is an error");
  app.add_option("--allow", request->allow,
                 families_with("episodes") + ": findings that are meant so and no error, by the name of their kind")
      ->option_text("NAME...");
  app.add_option("--hold-out", request->hold_out, "Factors kept from training: two_room.door_position=90..120");
  app.add_option("--steps", request->steps, "Optimizer steps in all")->check(CLI::PositiveNumber);
  app.add_option("--checkpoint-every", request->checkpoint_every, "Steps between saves")->check(CLI::PositiveNumber);
  const auto path = [&](const char* flag, const char* member, auto& value, const char* meaning) {
    app.add_option(flag, value, fmt::format("{}: {}", families_with(member), meaning))->option_text("PATH");
  };
  path("--init", "init", request->init, "model folder or run whose LeWM gets the heads, or that training begins with");
  path("--rehearse", "rehearse", request->rehearse, "with --init: episodes of the old scene, given beside");
  path("--encoder", "encoder", request->encoder, "frozen V-JEPA 2 encoder, a folder or Meta's .pt file");
  path("--latents", "latents", request->latents, "folder for what the encoder gives; default RUN/latents");
  add_vjepa2_options(app, request->weights);
  return [request, &common] { return naming_flags(kTrainFlags, [&] { return run_train(*request, common); }); };
}

}  // namespace foresee::tools
