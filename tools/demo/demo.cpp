#include "tools/demo/demo.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "data/clip/video_set.h"
#include "foresee/evaluate/closed_loop.h"
#include "jepa/core/error.h"
#include "jepa/core/files/output.h"
#include "jepa/core/files/staged.h"
#include "jepa/core/files/system_reason.h"
#include "jepa/core/log.h"
#include "jepa/model/family/family.h"
#include "tools/demo/asset.h"
#include "tools/demo/demo_report.h"
#include "tools/demo/learn.h"

namespace foresee::tools {
namespace fs = std::filesystem;
namespace {

using nlohmann::ordered_json;

/// Removes what an earlier demo left, so that this one starts fresh.
void clear_output(const fs::path& out) {
  std::error_code error;
  if (fs::exists(out) && !fs::is_directory(out))
    fail("{}: is a file, expected a folder for the demo's results", out.string());
  const fs::path run = out / "pretrain", evaluation = out / "eval";
  if (fs::exists(out) && !fs::is_empty(out) && output_content(out) != "demo")
    fail(
        "{}: exists already, and this version's demo did not make it; nothing was changed; choose another folder, or "
        "move it away",
        out.string());
  for (const auto& old : {run, evaluation, out / "report.html"}) {
    fs::remove_all(old, error);
    if (error) fail("{}: cannot remove what an earlier demo left: {}", old.string(), system_reason(error));
  }
  fs::create_directories(out, error);
  if (error) fail("{}: cannot make this folder: {}", out.string(), system_reason(error));
  write_output_marker(out, "demo");
}

void plan(const WorldModel& model, const DemoOptions& options, const JobControl& control, DemoResult& result) {
  log_info("2 of 2: planning from pictures to goal pictures in Two-Room");
  planner::EvalConfig config;
  config.env = "two_room";
  config.protocol = planner::Protocol::kNear;
  config.episodes = options.episodes;
  const auto begin = std::chrono::steady_clock::now();
  result.two_room = planner::evaluate(config, options.seed, &model, control);
  result.planning_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  planner::save_results(options.out / "eval", config, *result.two_room,
                        closed_loop_json(evaluation_of(*result.two_room)), /*strips=*/0);
}

}  // namespace

DemoResult run_demo(const DemoOptions& given, const JobControl& control) {
  DemoOptions options = given;
  if (options.model.empty()) options.model = shipped_two_room_model();
  if (options.videos.empty()) options.videos = {sample_clips()};
  // What can fail at once fails before anything of an earlier demo is removed.
  const auto model =
      load_world_model(options.model, WorldModelOptions{.device = at::Device(options.device), .read = options.read});
  const data::VideoSet videos = data::open_videos(options.videos, /*threads=*/2, control);
  check_output_place(options.out, {.inputs = {options.model}, .input_folders = options.videos});
  const fs::path out = fs::absolute(options.out).lexically_normal();
  if (out.has_parent_path()) fs::create_directories(out.parent_path());
  const FileLock lock(hidden_beside(out, "lock"), fmt::format("{}: another demo is running there", out.string()),
                      FileLock::After::kRemove);
  clear_output(options.out);

  DemoResult result{.report = options.out / "report.html"};
  try {
    log_info("1 of 2: learning to predict video");
    result.pretrain = learn_from_video(videos, options, control);
    if (!control.stopping()) plan(*model, options, control, result);
  } catch (const Error& error) {
    result.problem = error.what();
    demo_report(options, result).write(result.report);
    throw;
  }
  result.interrupted = control.stopping();
  demo_report(options, result).write(result.report);
  return result;
}

ordered_json to_json(const DemoResult& result) {
  ordered_json out{{"pretrain", nullptr}, {"two_room", nullptr}, {"report", result.report.string()}};
  if (const auto& learned = result.pretrain)
    out["pretrain"] = {{"skill_start", learned->skill_start},
                       {"skill", learned->skill},
                       {"steps", learned->steps},
                       {"effective_rank_start", learned->effective_rank_start},
                       {"effective_rank", learned->effective_rank}};
  if (result.two_room) out["two_room"] = closed_loop_json(evaluation_of(*result.two_room));
  return out;
}

}  // namespace foresee::tools
