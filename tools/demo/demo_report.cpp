#include "tools/demo/demo_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "foresee/evaluate/closed_loop.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/core/text/duration.h"
#include "planner/env/env.h"
#include "tools/demo/feature_picture.h"
#include "tools/report/curves.h"
#include "tools/report/reproduction.h"
#include "tools/report/results/evaluation.h"

namespace foresee::tools {
namespace {

using report::Html;
using report::Report;

void add_learning(Report& report, const LearnedFromVideo& learned, uint64_t seed) {
  report.add_tile({"Skill on held-out frames", fmt::format("{:+.2f}", learned.skill),
                   fmt::format("{:+.2f} at the start; 0 is the mean of the context", learned.skill_start)});
  report.add_tile({"Effective rank of features", report::number_text(learned.effective_rank),
                   fmt::format("{} at the start; 1 is collapse", report::number_text(learned.effective_rank_start))});
  report.add_section(
      "Learning from video",
      {report::paragraph(fmt::format("A clip is cut into small cubes of pixels, most of them are hidden, and a "
                                     "predictor fills in the features of the "
                                     "hidden ones from those that are seen. The features to be predicted come from a "
                                     "copy of the encoder that follows it "
                                     "slowly. No labels, no pixels are reconstructed. {} steps on {} videos; {}.",
                                     learned.steps, learned.videos.size(), learned.hold_out_rule)),
       report::draw_curves(report::read_curves(learned.run / "metrics.jsonl"))});
  try {
    report.add_section(
        "What the features tell apart",
        {report::draw_rows(
            feature_rows(learned.run, learned.videos.front(), seed),
            "The first three principal components of the patch features over this clip, as red, green and "
            "blue. The clip has twice the size of training clips. Equal colours are similar features; which colour is "
            "which is arbitrary, and differs "
            "between the rows. A minute of training is a beginning.")});
  } catch (const Error& error) {  // the numbers do not depend on the picture
    log_warning("no picture of the features: {}", error.what());
  }
}

void add_planning(Report& report, const planner::EvalResult& result) {
  std::vector<report::FilmStrip> strips;
  if (const auto* method = result.find("planner")) {
    const auto env = planner::make_env(result.env);
    for (const planner::Trial& trial : method->trials)
      strips.push_back(report::episode_strip(*env, result.starts.starts[static_cast<size_t>(trial.start)], trial));
  }
  report::add_evaluation(report, closed_loop_json(evaluation_of(result)), result.starts.origin + ".", strips);
}

}  // namespace

Report demo_report(const DemoOptions& options, const DemoResult& result) {
  Report report(
      "Foresee: what it learned, and what it can do",
      "Two parts of one program. It watched video for a moment and learned to predict it in latent space; then a world "
      "model that was trained before planned from a picture to a goal picture.");
  if (result.interrupted) report.add_notice("The demo was interrupted. This report holds what was finished.");
  if (!result.problem.empty())
    report.add_notice("The demo ended early. This report holds what was finished. " + result.problem);
  report::Facts more;
  if (result.pretrain) {
    for (const auto& reason : result.pretrain->left_out) report.add_notice("Left out: " + reason);
    add_learning(report, *result.pretrain, options.seed);
    more.emplace_back("time of learning", duration_text(result.pretrain->elapsed_s));
  }
  if (result.two_room) {
    add_planning(report, *result.two_room);
    more.emplace_back("time of planning", duration_text(result.planning_s));
    more.emplace_back("model", options.model.string());
  }
  report.add_section("How to do this again", {report::draw(report::reproduction_facts(options.seed, more))});
  return report;
}

}  // namespace foresee::tools
