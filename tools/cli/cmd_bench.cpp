#include <CLI/CLI.hpp>

#include "jepa/core/error.h"
#include "tools/bench/bench.h"
#include "tools/cli/command.h"
#include "tools/cli/options/model_options.h"

namespace foresee::tools {
namespace {

/// Sizes and repetitions: what the machine can hold is asked when they are used.
const CLI::Range kCount(int64_t{1}, int64_t{1} << 20), kCountOrNone(int64_t{0}, int64_t{1} << 20);

void add_count(CLI::App* app, const char* name, int64_t& value, const char* help = "") {
  app->add_option(name, value, help)->check(kCount)->capture_default_str();
}

/// A benchmark that was chosen and what runs it.
struct Bench {
  CLI::App* app;
  std::function<nlohmann::ordered_json()> run;
  unsigned uses = kSeed;  // of Uses
};

template <typename Options>
Bench seeded(CLI::App* app, std::shared_ptr<Options> bench, CommonOptions& common,
             nlohmann::ordered_json (*run)(const Options&)) {
  return {app, [=, &common] { return bench->seed = common.seed, run(*bench); }};
}

Bench bench_env_command(CLI::App& app, CommonOptions& common) {
  CLI::App* env = app.add_subcommand("env", "Environment steps a second on one core, with and without rendering");
  auto name = std::make_shared<std::string>("two_room");
  env->add_option("--env", *name, "Environment")->capture_default_str();
  return {env, [=, &common] { return bench_env(*name, common.seed); }};
}

void add_clip_options(CLI::App& app, EncodeBench& bench) {
  app.add_option("--model", bench.model, "A published V-JEPA 2 model (random weights), or a model folder or file")
      ->capture_default_str();
  add_count(&app, "--frames", bench.frames, "Frames of a clip");
  add_count(&app, "--size", bench.size, "Pixels, side of a clip");
  add_vjepa2_options(app, bench.read);
}

Bench bench_encode_command(CLI::App& app, CommonOptions& common) {
  CLI::App* encode = app.add_subcommand("encode", "Time to encode a clip, beside this machine's matrix products");
  auto bench = std::make_shared<EncodeBench>();
  add_clip_options(*encode, *bench);
  add_count(encode, "--batch", bench->batch, "Clips at a time");
  add_count(encode, "--repetitions", bench->repetitions);
  encode->add_option("--warmup", bench->warmup, "Untimed runs")->check(kCountOrNone)->capture_default_str();
  encode->add_option("--precision", bench->precisions, "fp32, bf16")
      ->delimiter(',')
      ->check(CLI::IsMember({"fp32", "bf16"}))
      ->capture_default_str();
  encode->add_flag("--plain", bench->plain, "The network as training runs it, too");
  return seeded(encode, bench, common, bench_encode);
}

Bench bench_precision_command(CLI::App& app, CommonOptions& common) {
  CLI::App* precision =
      app.add_subcommand("precision", "What bfloat16 changes in embeddings and in the ranking of plans");
  auto bench = std::make_shared<EncodeBench>();
  auto ranking = std::make_shared<RankingBench>();
  add_clip_options(*precision, *bench);
  precision->add_option("--world", ranking->world, "World model (vjepa2_ac) whose ranking of plans is compared, too")
      ->option_text("PATH");
  precision->add_option("--pictures", ranking->pictures, "Observed picture and goal of the ranking; none: synthetic")
      ->expected(2)
      ->option_text("OBS GOAL");
  add_count(precision, "--candidates", ranking->candidates);
  add_count(precision, "--horizon", ranking->horizon);
  add_count(precision, "--elites", ranking->elites);
  precision->add_option("--input", bench->inputs, "Videos and pictures; none: synthetic clips")->option_text("PATH...");
  add_count(precision, "--clips", bench->clips, "Synthetic clips");
  return {precision, [=, &common] {
            bench->seed = ranking->seed = common.seed;
            ranking->read = bench->read;
            nlohmann::ordered_json result{{"embeddings", bench_precision(*bench)}};
            if (!ranking->world.empty()) result["ranking"] = bench_ranking(*ranking);
            return result;
          }};
}

Bench bench_pretrain_command(CLI::App& app, CommonOptions& common) {
  CLI::App* pretrain = app.add_subcommand("pretrain", "Time of one masked pretraining step");
  auto bench = std::make_shared<PretrainBench>();
  pretrain->add_option("--encoder", bench->encoder, "vit_tiny, ..., vit_gigantic")->capture_default_str();
  add_count(pretrain, "--frames", bench->frames);
  add_count(pretrain, "--size", bench->size, "Pixels");
  add_count(pretrain, "--batch", bench->batch);
  add_count(pretrain, "--predictor-width", bench->predictor_width);
  add_count(pretrain, "--predictor-depth", bench->predictor_depth);
  add_count(pretrain, "--predictor-heads", bench->predictor_heads);
  add_count(pretrain, "--repetitions", bench->repetitions);
  pretrain->add_option("--warmup", bench->warmup, "Untimed runs")->check(kCountOrNone)->capture_default_str();
  return seeded(pretrain, bench, common, bench_pretrain);
}

Bench bench_rollout_command(CLI::App& app, CommonOptions& common) {
  CLI::App* rollout = app.add_subcommand("rollout", "Time of action-conditioned roll-outs, keys and values cached");
  auto bench = std::make_shared<RolloutBench>();
  add_count(rollout, "--candidates", bench->candidates, "K");
  add_count(rollout, "--context", bench->context, "Frames seen, the current one included");
  rollout->add_option("--horizons", bench->horizons, "H; the second is set against the first")
      ->delimiter(',')
      ->check(kCount)
      ->capture_default_str();
  add_count(rollout, "--width", bench->width, "Features of a token in the predictor");
  add_count(rollout, "--depth", bench->depth, "Blocks");
  add_count(rollout, "--heads", bench->heads, "Attention heads");
  add_count(rollout, "--encoder-width", bench->encoder_width, "Features of an encoder's token, a multiple of 64");
  add_count(rollout, "--side", bench->side, "Patches along a side of a frame");
  add_count(rollout, "--repetitions", bench->repetitions);
  rollout->add_option("--warmup", bench->warmup, "Untimed runs")->check(kCountOrNone)->capture_default_str();
  rollout->add_flag("--plain", bench->plain, "The path without a cache, too");
  return seeded(rollout, bench, common, bench_rollout);
}

Bench bench_train_command(CLI::App& app, CommonOptions& common) {
  CLI::App* train = app.add_subcommand("train", "Frames a second of training a LeWM preset");
  auto bench = std::make_shared<TrainBench>();
  train->add_option("--preset", bench->preset, "lewm, lewm-s64, ...")->capture_default_str();
  train->add_option("--precision", bench->precisions, "fp32, bf16")
      ->delimiter(',')
      ->check(CLI::IsMember({"fp32", "bf16"}))
      ->capture_default_str();
  train->add_option("--batch", bench->batch, "Clips; 0: the preset's")->check(kCountOrNone);
  add_count(train, "--repetitions", bench->repetitions);
  train->add_option("--warmup", bench->warmup, "Untimed steps")->check(kCountOrNone)->capture_default_str();
  return {train,
          [=, &common] {
            bench->seed = common.seed;
            bench->device = resolve_device(common);
            return bench_train(*bench);
          },
          kSeed | kDevice};
}

Bench bench_episodes_command(CLI::App& app, CommonOptions& common) {
  CLI::App* episodes = app.add_subcommand("episodes", "Clips a second, read from a set of episodes");
  auto bench = std::make_shared<EpisodesBench>();
  episodes->add_option("--input", bench->input, "A set of episodes of any format")->required()->option_text("PATH");
  add_count(episodes, "--frames", bench->frames, "Frames of a clip");
  add_count(episodes, "--frameskip", bench->frameskip, "Rows between frames");
  add_count(episodes, "--batch", bench->batch, "Clips at a time");
  add_count(episodes, "--samples", bench->samples, "Clips of one repetition");
  add_count(episodes, "--repetitions", bench->repetitions);
  episodes->add_flag("--cache", bench->cache, "Keep pictures in memory where they fit");
  return {episodes, [=, &common] {
            bench->seed = common.seed;
            bench->threads = common.threads;
            return bench_episodes(*bench);
          }};
}

Bench bench_busy_command(CLI::App& app, CommonOptions& common) {
  CLI::App* busy = app.add_subcommand("busy", "Small work alone, and beside a process that is never idle");
  auto bench = std::make_shared<BusyBench>();
  busy->add_option("--processes", bench->processes, "Busy ones")->check(CLI::Range(1, 64))->capture_default_str();
  busy->add_option("--repetitions", bench->repetitions)->check(CLI::PositiveNumber)->capture_default_str();
  return seeded(busy, bench, common, bench_busy);
}

Bench bench_plan_command(CLI::App& app, CommonOptions& common) {
  CLI::App* plan = app.add_subcommand("plan", "Time from a picture to an action, with and without a deadline");
  auto bench = std::make_shared<PlanBench>();
  auto keys = std::make_shared<std::vector<std::string>>();
  plan->add_option("--model", bench->model, "A model that plans; none: a LeWM with random weights")
      ->option_text("PATH");
  plan->add_option("--preset", bench->preset, "Its preset")->capture_default_str();
  add_vjepa2_options(*plan, bench->read);
  for (const char* key : {"samples", "iterations", "horizon", "solver", "deadline-ms"}) {
    const std::string name = key, setting = name == "deadline-ms" ? "deadline_ms" : "planner." + name;
    const auto add = [=](const std::string& value) { keys->push_back(setting + "=" + value); };
    plan->add_option_function<std::string>("--" + name, add, "The same as --set " + setting);
  }
  add_count(plan, "--plans", bench->plans, "Searches");
  add_count(plan, "--batch", bench->batch, "Problems of one search");
  plan->add_option("--tier", bench->tier, "Precision")
      ->check(CLI::IsMember({"exact", "fast", "fastest"}))
      ->capture_default_str();
  plan->add_option("--warmup", bench->warmup, "Untimed plans")->check(kCountOrNone)->capture_default_str();
  plan->add_option("--busy", bench->busy, "Busy processes beside")->check(CLI::Range(0, 64))->capture_default_str();
  return {plan,
          [=, &common] {
            bench->settings = {.config = common.config, .set = common.set};
            bench->settings.set.insert(bench->settings.set.end(), keys->begin(), keys->end());
            bench->seed = common.seed;
            bench->device = resolve_device(common);
            return bench_plan(*bench);
          },
          kSeed | kDevice | kSettings};
}

Bench bench_load_command(CLI::App& app) {
  CLI::App* load = app.add_subcommand("load", "Time and memory to load a model");
  auto model = std::make_shared<std::filesystem::path>();
  auto read = std::make_shared<Vjepa2ReadOptions>();
  load->add_option("--model", *model, "A folder or a .pt file")->required()->option_text("PATH");
  add_vjepa2_options(*load, *read);
  return {load, [=] { return bench_load(*model, *read); }, kNone};
}

/// What follows a benchmark's name in a call that works.
std::string example_of(const std::string& name) {
  if (name == "load") return " --model tools/assets/two_room";
  if (name == "episodes") return " --input two_room.h5";
  if (name == "encode") return " --model vit_large --frames 16";
  if (name == "plan") return " --model tools/assets/two_room --deadline-ms 100 --plans 100";
  return name == "env" ? " --env push_t" : "";
}

}  // namespace

Run setup_bench(CLI::App& app, CommonOptions& common) {
  auto precision = std::make_shared<bool>(false);
  app.add_flag("--precision", *precision, "The same as 'bench precision'");
  app.require_subcommand(0, 1);
  std::vector<Bench> benches{
      bench_env_command(app, common),      bench_encode_command(app, common),  bench_precision_command(app, common),
      bench_pretrain_command(app, common), bench_rollout_command(app, common), bench_train_command(app, common),
      bench_busy_command(app, common),     bench_plan_command(app, common),    bench_load_command(app),
      bench_episodes_command(app, common)};
  for (const Bench& bench : benches) {
    bench.app->fallthrough();
    bench.app->footer("Example:\n  foresee bench " + bench.app->get_name() + example_of(bench.app->get_name()));
  }
  return [benches, precision, &app] {
    for (const Bench& bench : benches)
      if (*bench.app || (*precision && bench.app->get_name() == "precision")) {
        refuse_unused(app, "bench " + bench.app->get_name(), bench.uses);
        print_json(bench.run());
        return 0;
      }
    std::string names;
    for (const Bench& bench : benches) names += (names.empty() ? "" : ", ") + bench.app->get_name();
    fail("bench: expected what to measure: {}", names);
  };
}

}  // namespace foresee::tools
