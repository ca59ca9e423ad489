// Claims: evaluate() answers with every method's rate on the same starts, a row for each episode and the files that it
// wrote; it sweeps a factor, scores a model offline, ends early when it is asked to, and prints nothing.
#include "foresee/evaluate.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "data/episode/hdf5/episode_file.h"
#include "foresee/evaluate/closed_loop.h"
#include "jepa/core/files/file.h"
#include "jepa/core/interrupted.h"
#include "planner/env/collect.h"
#include "planner/eval/evaluate.h"
#include "tests/support/arm_model.h"
#include "tests/support/log_capture.h"
#include "tests/support/refusal.h"
#include "tests/support/stop_after.h"
#include "tests/support/temporary_folder.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;

EvaluateRequest request_of(std::vector<std::string> methods, int64_t episodes) {
  EvaluateRequest request{.env = "two_room", .protocol = "far", .methods = std::move(methods), .episodes = episodes};
  request.options.device = Device::kCpu;
  request.options.seed = 7;
  return request;
}

/// The field that a request is refused for; empty: none.
std::string field_of(const EvaluateRequest& request) {
  return refused_member([&] { evaluate(request); });
}

/// Asks the job to stop after some reports of methods, or of the collection of starts.
class Stopper : public JobObserver {
 public:
  explicit Stopper(int reports, bool of_starts = false) : left_(reports), of_starts_(of_starts) {}
  void progress(const ProgressUpdate& update) override {
    if ((update.label == "starts") == of_starts_ && --left_ == 0) stop.request_stop();
  }
  std::stop_source stop;

 private:
  int left_;
  bool of_starts_;
};

TEST(Evaluate, RefusesModelsThatSeeMoreThanAnEnvironmentShows) {
  const TemporaryFolder folder;
  EvaluateRequest request = request_of({"planner"}, 1);
  request.model = write_arm_model(folder / "posed", /*extrinsics=*/true);
  EXPECT_EQ(field_of(request), "model");
  request.model = write_arm_model(folder / "two");
  auto pictures = read_json(request.model / "preprocess.json");
  pictures["cameras"] = {"front", "wrist"};
  write_json(request.model / "preprocess.json", pictures);
  fs::remove(request.model / "manifest.json");
  EXPECT_EQ(field_of(request), "model");
}

TEST(Evaluate, ScoresMethodsOnTheSameStartsAndWritesThem) {
  const TemporaryFolder folder;
  EvaluateRequest request = request_of({"planner", "random"}, 3);
  request.model = "tools/assets/two_room";
  request.options.settings.set = {"planner.samples=8", "planner.elites=4", "planner.iterations=1", "budget=10",
                                  "floors=false"};
  request.out = folder / "eval";
  request.strips = 2;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const EvaluateResult result = evaluate(request);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  ASSERT_EQ(result.evaluations.size(), 1u);
  EXPECT_FALSE(result.interrupted);
  const Evaluation& found = result.evaluations.front();
  EXPECT_EQ(found.protocol, "far");
  EXPECT_EQ(found.seed, 7u);
  EXPECT_EQ(found.starts.size(), 3u);
  EXPECT_TRUE(found.planning_ms);
  ASSERT_EQ(found.methods.size(), 2u);
  EXPECT_EQ(found.methods[0].method, "planner");
  for (const MethodScore& method : found.methods) {
    EXPECT_EQ(method.n, 3);
    EXPECT_LE(method.low, method.rate);
    ASSERT_EQ(method.trials.size(), 3u);
    for (const TrialRow& trial : method.trials) {
      EXPECT_EQ(trial.final_state.size(), 2u);
      EXPECT_EQ(trial.planning_ms.empty(), method.method == "random");
    }
  }
  ASSERT_EQ(found.paired.size(), 1u);
  EXPECT_EQ(found.paired[0].first, "planner");
  EXPECT_EQ(found.paired[0].second, "random");
  EXPECT_EQ(found.paired[0].n, 3);
  ASSERT_EQ(found.files.size(), 3u) << "results.json and two strips";
  for (const auto& file : found.files) EXPECT_TRUE(fs::exists(file)) << file;
  const auto rows = read_json(found.files.front());
  EXPECT_EQ(rows.at("episodes").at("random")[2].at("steps"), found.methods[1].trials[2].steps);
  EXPECT_EQ(rows.at("result").at("success").at("random").at("rate"), found.methods[1].rate);
  const auto made_by = rows.at("made_by");
  for (const char* key : {"command", "version", "date", "machine", "threads"})
    EXPECT_TRUE(made_by.contains(key)) << key;
  EXPECT_EQ(made_by.at("model").at("crc32c").get<std::string>().size(), 8u);
}

TEST(Evaluate, ReportsTheKeysOfItsContract) {
  planner::EvalResult found{.env = "two_room", .seed = 9};
  for (const char* name : {"planner", "noop"}) {
    found.methods.push_back({.method = name, .success = success_rate(name[0] == 'p' ? 4 : 0, 4)});
    for (int64_t i = 0; i < 4; ++i)
      found.methods.back().trials.push_back(
          {.start = i, .success = name[0] == 'p', .steps = 1, .distances = {9, 3}, .path = {{1, 2}, {3, 4}}});
  }
  found.planning = planner::PlanningTime{1, 2, 3};
  found.overlap = planner::Overlap{true, 4, 1};
  const auto json = closed_loop_json(evaluation_of(found));
  std::vector<std::string> keys;
  for (const auto& item : json.items()) keys.push_back(item.key());
  EXPECT_EQ(keys, (std::vector<std::string>{"env", "protocol", "seed", "success", "excluded_solved", "planning_ms",
                                            "flags", "paired", "steps_to_success", "distance", "overlap"}));
  EXPECT_EQ(json["success"]["noop"]["n"], 4);
  for (const char* key : {"rate", "low", "high", "n"}) EXPECT_TRUE(json["success"]["planner"].contains(key));
  EXPECT_EQ(json["planning_ms"], (nlohmann::json{{"p50", 1}, {"p95", 2}, {"p99", 3}}));
  EXPECT_EQ(json["paired"][0]["difference"], 1);
  EXPECT_EQ(json["overlap"]["trained"], 1);
  ASSERT_EQ(json["flags"].size(), 2u);
  EXPECT_EQ(json["flags"][0]["name"], "too few episodes");
  EXPECT_EQ(json["flags"][1]["value"], 0.25);
  EXPECT_EQ(json["flags"][1]["threshold"], 0);
  found.planning.reset();
  found.methods[0].failure = "its weights are NaN";
  const auto failed = closed_loop_json(evaluation_of(found));
  EXPECT_TRUE(failed["planning_ms"]["p50"].is_null());
  EXPECT_EQ(failed["failed"]["planner"], "its weights are NaN");
}

TEST(Evaluate, IsTheEvaluationOfTheEnvironmentBelow) {
  planner::EvalConfig config;
  config.protocol = planner::Protocol::kFar;
  config.episodes = 20;
  config.methods = {"random", "expert"};
  const planner::EvalResult below = planner::evaluate(config, 7, nullptr);
  const EvaluateResult result = evaluate(request_of({"random", "expert"}, 20));
  const Evaluation& found = result.evaluations.front();
  ASSERT_EQ(found.starts.size(), below.starts.starts.size());
  for (size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(found.starts[i].state, below.starts.starts[i].state);
    EXPECT_EQ(found.starts[i].goal, below.starts.starts[i].goal);
  }
  for (size_t m = 0; m < 2; ++m) EXPECT_EQ(found.methods[m].rate, below.methods[m].success.rate);
}

TEST(Evaluate, SweepsAFactor) {
  const TemporaryFolder folder;
  EvaluateRequest request = request_of({"expert"}, 10);
  request.vary = {.key = "two_room.agent_speed", .values = {"1", "8"}};
  request.out = folder / "sweep";
  const EvaluateResult result = evaluate(request);
  ASSERT_EQ(result.evaluations.size(), 2u);
  EXPECT_EQ(result.evaluations[1].value, "8");
  EXPECT_LT(result.evaluations[0].methods.front().rate, result.evaluations[1].methods.front().rate);
  EXPECT_TRUE(fs::exists(folder / "sweep" / "01" / "results.json"));
  request.vary = {.key = "two_room.door_position", .values = {"49", "400"}};
  request.options.overwrite = true;
  EXPECT_THROW(evaluate(request), ConfigError) << "beyond the wall";
  request.vary->key = "two_room.agent_sped";
  request.options.overwrite = true;
  EXPECT_THROW(evaluate(request), ConfigError);
  EXPECT_TRUE(fs::exists(folder / "sweep" / "01" / "results.json")) << "a refused request changes nothing";
}

TEST(Evaluate, SweepsAFactorOfOnesOwnProgram) {
  if (std::system("python3 -c 'import json' > /dev/null 2>&1") != 0) GTEST_SKIP() << "no python3";
  const TemporaryFolder folder;
  std::ofstream(folder / "light.py") << R"(
import json, sys
p, light, out = [0.0], 1, sys.stdout.buffer
for line in sys.stdin:
    r = json.loads(line); do = r["do"]; pixels = b""
    if do == "spec": light = r.get("variation", {}).get("light", 1); a = {"action_low": [0.5], "action_high": [1]}
    elif do == "render" or do == "render_goal": pixels = bytes(3 * r["size"] ** 2); a = {"bytes": len(pixels)}
    else:
        p = [0.0] if do == "reset" else [p[0] + r["action"][0]] if do == "step" else r["state"] if do == "set_state" else p
        a = {"state": p, "goal": [9.0], "distance": abs(9.0 - p[0]), "solved": light * p[0] > 0}
    out.write(json.dumps(a).encode() + b"\n" + pixels); out.flush()
)";
  EvaluateRequest request = request_of({"random"}, 2);
  request.env = "process";
  request.options.settings.set = {"world.process.command=exec python3 '" + (folder / "light.py").string() + "'",
                                  "budget=3"};
  request.vary = {.key = "process.variation.light", .values = {"0", "1"}};
  const EvaluateResult result = evaluate(request);
  ASSERT_EQ(result.evaluations.size(), 2u);
  EXPECT_EQ(result.evaluations[0].methods.front().rate, 0) << "in the dark nothing is solved";
  EXPECT_EQ(result.evaluations[1].methods.front().rate, 1);
}

TEST(Evaluate, SaysWhichValuesOfASweepWereTrained) {
  const TemporaryFolder folder;
  EvaluateRequest request = request_of({"planner", "noop"}, 2);
  request.model = "tools/assets/two_room";
  request.options.settings.set = {"planner.samples=8", "planner.elites=4", "planner.iterations=1", "budget=5",
                                  R"(trained=["two_room.door_position=30,49,70"])"};
  request.vary = {.key = "two_room.door.position", .values = {"49", "60", "200"}};  // one number for a list of three
  request.out = folder / "sweep";
  const EvaluateResult result = evaluate(request);
  ASSERT_EQ(result.evaluations.size(), 3u);
  EXPECT_EQ(result.evaluations[0].place, "trained");
  EXPECT_EQ(result.evaluations[1].place, "interpolated");
  EXPECT_EQ(result.evaluations[2].place, "extrapolated");
  ASSERT_TRUE(result.generalisation);
  ASSERT_EQ(result.generalisation->pools.size(), 3u);
  for (const auto& pool : result.generalisation->pools) EXPECT_EQ(pool.n, 2) << pool.place;
  const auto whole = read_json(folder / "sweep" / "results.json");
  EXPECT_EQ(whole.at("result").at("values").at("200").at("place"), "extrapolated");
  EXPECT_TRUE(whole.at("result").contains("generalisation"));
}

TEST(Evaluate, DrawsTheSameScenesForEveryMethod) {
  EvaluateRequest request = request_of({"expert", "noop"}, 6);
  request.draw = {"two_room.door_position=30..190"};
  const EvaluateResult drawn = evaluate(request);
  EXPECT_GE(drawn.evaluations.front().methods[0].rate, 0.8) << "the expert knows each scene's door";
  EXPECT_EQ(drawn.evaluations.front().methods[1].rate, 0);
  EXPECT_FALSE(drawn.generalisation) << "no planner, nothing is known of its training";
  request.draw = {"two_room.dor_position=30..190"};
  EXPECT_THROW(evaluate(request), ConfigError);
  request.draw = {"two_room.door_position=30..400"};
  EXPECT_THROW(evaluate(request), ConfigError) << "beyond the wall";
}

TEST(Evaluate, EndsEarlyWithWhatIsFinished) {
  Stopper stopper(2);
  const EvaluateResult result =
      evaluate(request_of({"expert", "noop"}, 400), {.observer = &stopper, .stop = stopper.stop.get_token()});
  EXPECT_TRUE(result.interrupted);
  const Evaluation& found = result.evaluations.front();
  EXPECT_TRUE(found.interrupted);
  ASSERT_EQ(found.methods.size(), 1u) << "the second method is not begun";
  EXPECT_LT(found.methods.front().n, 400);
}

TEST(Evaluate, StoppedWhileItCollectsItsStartsItWritesNothing) {
  const TemporaryFolder folder;
  Stopper stopper(3, /*of_starts=*/true);
  EvaluateRequest request = request_of({"noop"}, 400);
  request.protocol = "near";
  request.out = folder / "eval";
  const EvaluateResult result = evaluate(request, {.observer = &stopper, .stop = stopper.stop.get_token()});
  EXPECT_TRUE(result.interrupted);
  EXPECT_TRUE(result.evaluations.front().methods.empty());
  EXPECT_EQ(count_entries(folder.path()), 0);
}

const std::vector<std::string> kFewOfflineStarts{"starts=8", "horizon=1", "samples=8", "elites=2", "iterations=1"};

TEST(Evaluate, ScoresAModelOffline) {
  const TemporaryFolder folder;
  data::EpisodeWriter writer(folder / "walks.h5");
  planner::CollectConfig collect{.policy = "random", .seed = 5};
  for (const auto& episode : planner::generate_episodes(collect, 40)) writer.add(episode);
  writer.commit();
  EvaluateRequest request{.model = "tools/assets/two_room", .protocol = "offline"};
  request.options.settings.set = kFewOfflineStarts;
  EXPECT_EQ(field_of(request), "data");
  request.data = {folder / "walks.h5"};
  const EvaluateResult result = evaluate(request);
  ASSERT_TRUE(result.offline);
  EXPECT_TRUE(result.evaluations.empty());
  EXPECT_EQ(result.offline->episodes, 40);
  EXPECT_GT(result.offline->held_out_episodes, 0);
  bool predicts = false;
  for (const auto& [name, value] : result.offline->metrics) predicts |= name == "held_out_skill_1" && value > 0.9;
  EXPECT_TRUE(predicts);
  request.out = folder / "offline";
  evaluate(request);
  const auto written = read_json(folder / "offline" / "results.json");
  EXPECT_EQ(written.at("result").at("protocol"), "offline");
  EXPECT_EQ(written.at("result").at("held_out_episodes"), result.offline->held_out_episodes);
  request.out.reset();
  request.methods = {"planner"};
  EXPECT_EQ(field_of(request), "methods") << "what offline does not use is refused";
  request.methods.reset();
  request.model.clear();
  EXPECT_EQ(field_of(request), "model");
}

TEST(Evaluate, OfflineAsksAsFarAheadAsShortEpisodesReach) {
  const TemporaryFolder folder;
  const auto asked_with_rows = [&](int64_t rows) {
    const std::string name = std::to_string(rows) + ".h5";
    data::EpisodeWriter writer(folder / name);
    planner::CollectConfig collect{.policy = "random", .max_steps = rows - 1, .stop_at_goal = false, .seed = 5};
    std::vector<data::Episode> episodes = planner::generate_episodes(collect, 12);
    for (data::Episode& episode : episodes) {
      std::erase_if(episode.columns, [](const auto& column) { return column.first != "action"; });  // no probes
      writer.add(episode);
    }
    writer.commit();
    EvaluateRequest request{.model = "tools/assets/two_room", .protocol = "offline", .data = {folder / name}};
    request.options.settings.set = kFewOfflineStarts;
    return request;
  };
  for (const auto& [rows, horizon] : std::vector<std::pair<int64_t, int64_t>>{{40, 5}, {30, 3}, {25, 2}, {20, 1}}) {
    SCOPED_TRACE(rows);
    const LogCapture log;
    const EvaluateResult result = evaluate(asked_with_rows(rows));
    ASSERT_TRUE(result.offline);
    int64_t asked = 0;
    for (const auto& [metric, value] : result.offline->metrics) asked += metric.starts_with("held_out_skill_") ? 1 : 0;
    EXPECT_EQ(asked, horizon);
    const std::string said = fmt::format("no held-out episode has 40 rows: {} of 5 blocks ahead", horizon);
    EXPECT_EQ(says(log.text(), said), horizon < 5) << log.text();
  }
  const std::string none = refusal_of<DataError>([&] { evaluate(asked_with_rows(19)); });
  EXPECT_TRUE(says(none, "no held-out episode has 20 rows, which one prediction takes")) << none;
  EXPECT_TRUE(says(none, "the longest of them has 19 rows (1 too few)")) << none;
}

TEST(Evaluate, AStopEndsAnOfflineEvaluationAndLeavesNothing) {
  const TemporaryFolder folder;
  data::EpisodeWriter writer(folder / "walks.h5");
  const planner::CollectConfig collect{.policy = "random", .seed = 5};
  for (const auto& episode : planner::generate_episodes(collect, 40)) writer.add(episode);
  writer.commit();
  for (const char* part : {"encode", "probe"}) {
    EvaluateRequest request{.model = "tools/assets/two_room", .protocol = "offline"};
    request.data = {folder / "walks.h5"};
    request.out = folder / "offline";
    StopAfter stop(1, part);
    EXPECT_THROW(evaluate(request, stop.control()), Interrupted) << part;
    EXPECT_FALSE(stop.updates.back().finished) << part;
    EXPECT_FALSE(fs::exists(folder / "offline")) << part;
  }
}

TEST(Evaluate, SaysWhatIsMissing) {
  EXPECT_EQ(field_of(request_of({"planner"}, 1)), "model");
  EvaluateRequest two = request_of({"random"}, 1);
  two.data = {"a.h5", "b.h5"};
  EXPECT_EQ(field_of(two), "data");
  EvaluateRequest strips = request_of({"random"}, 1);
  strips.strips = -1;
  EXPECT_EQ(field_of(strips), "strips");
  EvaluateRequest unknown = request_of({"rndom"}, 1);
  EXPECT_THROW(evaluate(unknown), ConfigError);
  unknown = request_of({"random"}, 1);
  unknown.env = "two_rooms";
  EXPECT_THROW(evaluate(unknown), ConfigError);
}

}  // namespace
}  // namespace foresee
