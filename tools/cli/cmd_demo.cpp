#include <CLI/CLI.hpp>

#include "jepa/core/log.h"
#include "tools/cli/command.h"
#include "tools/cli/options/model_options.h"
#include "tools/demo/demo.h"
#include "tools/start/streams.h"

namespace foresee::tools {
namespace {

void print_summary(const DemoResult& result) {
  if (const auto& learned = result.pretrain)
    print_line(
        "learned from video: skill {:+.3f} (at the start {:+.3f}), effective rank {:.1f} (at the start {:.1f}), {} "
        "steps",
        learned->skill, learned->skill_start, learned->effective_rank, learned->effective_rank_start, learned->steps);
  if (result.two_room)
    for (const planner::MethodResult& method : result.two_room->methods)
      print_line("two_room, {:<8} {:>5.1f} % of {} goals reached (95 % interval {:.1f} .. {:.1f} %)",
                 method.method + ":", 100 * method.success.rate, method.success.n, 100 * method.success.low,
                 100 * method.success.high);
  print_line("report: {}", std::filesystem::absolute(result.report).string());
}

int demo(DemoOptions options, const CommonOptions& common) {
  options.seed = common.seed;
  options.device = resolve_device(common);
  if (common.out) options.out = *common.out;
  const DemoResult result = run_demo(options, common.control);
  if (common.json)
    print_json(to_json(result));
  else
    print_summary(result);
  if (!result.interrupted) return 0;
  log_warning("demo: interrupted; the report holds what was finished");
  return 1;
}

}  // namespace

Run setup_demo(CLI::App& app, CommonOptions& common) {
  auto options = std::make_shared<DemoOptions>();
  app.add_option("--video", options->videos, "Clips to learn from: files or folders (default: the fetched samples)")
      ->option_text("PATH...");
  app.add_option("--steps", options->steps, "Steps of learning from video")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--episodes", options->episodes, "Two-Room episodes to plan")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--model", options->model, "World model of Two-Room (default: the shipped one)")->option_text("DIR");
  add_vjepa2_options(app, options->read);
  app.footer("Results go to runs/demo, or where --out says; an earlier demo there is replaced.");
  return [options, &common] { return demo(*options, common); };
}

}  // namespace foresee::tools
