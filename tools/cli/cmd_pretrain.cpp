#include <fmt/ranges.h>

#include <CLI/CLI.hpp>

#include "foresee/pretrain.h"
#include "foresee/pretrain/recipe.h"
#include "jepa/core/error.h"
#include "jepa/core/watch/metrics.h"
#include "tools/cli/command.h"
#include "tools/cli/options/request_flags.h"
#include "tools/start/streams.h"

namespace foresee::tools {
namespace {

const RequestFlags kPretrainFlags{{"data", "--data PATH..."},
                                  {"preset", "--preset"},
                                  {"from", "--from PATH"},
                                  {"seed", "--seed"},
                                  {"out", "--out RUN"}};

int run_pretrain(PretrainRequest request, const CommonOptions& common) {
  request.options = job_options(common);
  request.out = common.out.value_or("");
  const PretrainResult done = pretrain(request, common.control);
  if (done.interrupted && done.model.empty()) fail("pretrain: interrupted before the first step; no run was begun");
  const auto number = [](double value) { return std::isfinite(value) ? nlohmann::ordered_json(value) : nullptr; };
  nlohmann::ordered_json result{{"run", done.run.string()},
                                {"model", done.model.string()},
                                {"steps", done.steps},
                                {"interrupted", done.interrupted},
                                {"seconds", done.seconds}};
  for (const char* name :
       {"skill", "skill_constant", "effective_rank", "mean_std", "between_clips", "between_positions", "retrieval"}) {
    const double before = metric(done.start, name), after = metric(done.held_out, name);
    result[fmt::format("{}_start", name)] = number(before);
    result[name] = number(after);
    if (!common.json) print_line("{:<17} {:.4f} -> {:.4f}", name, before, after);
  }
  result["retrieval_chance"] = number(metric(done.held_out, "retrieval_chance"));
  result["flags"] = done.flags;
  if (common.json) {
    print_json(result);
    return 0;
  }
  for (const std::string& flag : done.flags) print_line("{:<17} {}: the features are not worth using", "flag", flag);
  print_line("{:<17} {}", "model", done.model.string());
  return 0;
}

}  // namespace

Run setup_pretrain(CLI::App& app, CommonOptions& common) {
  auto request = std::make_shared<PretrainRequest>();
  app.add_option("--data", request->data, "Videos: files, folders, list files");
  app.add_option("--preset", request->preset,
                 fmt::format("{}; default {}", fmt::join(pretrain_presets(), ", "), kUsualPretrainPreset));
  app.add_option("--steps", request->steps, "Optimizer steps in all")->check(CLI::PositiveNumber);
  app.add_option("--checkpoint-every", request->checkpoint_every, "Steps between checkpoints")
      ->check(CLI::PositiveNumber);
  app.add_option("--from", request->from, "Begin with the networks and the optimizer of a run, or of Meta's .pt file")
      ->option_text("PATH");
  app.add_flag("--cool-down", request->cool_down,
               "Second stage: the rate falls to 1e-6, 64 frames a clip; with --from");
  return [request, &common] { return naming_flags(kPretrainFlags, [&] { return run_pretrain(*request, common); }); };
}

}  // namespace foresee::tools
