#include <CLI/CLI.hpp>

#include "jepa/core/error.h"
#include "tools/bench/bench.h"
#include "tools/cli/command.h"
#include "tools/cli/options/model_options.h"

namespace foresee::tools {
namespace {

/// Sizes and repetitions: what the machine can hold is asked when they are used.
const CLI::Range kCount(int64_t{1}, int64_t{1} << 20), kCountOrNone(int64_t{0}, int64_t{1} << 20);

/// A benchmark that was chosen and what runs it.
struct Bench {
  CLI::App* app;
  std::function<nlohmann::ordered_json()> run;
  unsigned uses = kSeed;  // of Uses
};

Bench bench_env_command(CLI::App& app, CommonOptions& common) {
  CLI::App* env = app.add_subcommand("env", "Environment steps a second on one core, with and without rendering");
  auto name = std::make_shared<std::string>("two_room");
  env->add_option("--env", *name, "Environment")->capture_default_str();
  return {env, [=, &common] { return bench_env(*name, common.seed); }};
}

void add_clip_options(CLI::App& app, EncodeBench& bench) {
  app.add_option("--model", bench.model, "A published V-JEPA 2 model (random weights), or a model folder or file")
      ->capture_default_str();
  app.add_option("--frames", bench.frames, "Frames of a clip")->check(kCount)->capture_default_str();
  app.add_option("--size", bench.size, "Pixels, side of a clip")->check(kCount)->capture_default_str();
}

Bench bench_encode_command(CLI::App& app, CommonOptions& common) {
  CLI::App* encode = app.add_subcommand("encode", "Time to encode a clip, beside this machine's matrix products");
  auto bench = std::make_shared<EncodeBench>();
  add_clip_options(*encode, *bench);
  encode->add_option("--batch", bench->batch, "Clips at a time")->check(kCount)->capture_default_str();
  encode->add_option("--repetitions", bench->repetitions)->check(kCount)->capture_default_str();
  encode->add_option("--warmup", bench->warmup, "Untimed runs")->check(kCountOrNone)->capture_default_str();
  encode->add_option("--precision", bench->precisions, "fp32, bf16")
      ->delimiter(',')
      ->check(CLI::IsMember({"fp32", "bf16"}))
      ->capture_default_str();
  encode->add_flag("--plain", bench->plain, "The network as training runs it, too");
  return {encode, [=, &common] {
            bench->seed = common.seed;
            return bench_encode(*bench);
          }};
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
  precision->add_option("--candidates", ranking->candidates)->check(kCount)->capture_default_str();
  precision->add_option("--horizon", ranking->horizon)->check(kCount)->capture_default_str();
  precision->add_option("--elites", ranking->elites)->check(kCount)->capture_default_str();
  precision->add_option("--input", bench->inputs, "Videos and pictures; none: synthetic clips")->option_text("PATH...");
  precision->add_option("--clips", bench->clips, "Synthetic clips")->check(kCount)->capture_default_str();
  return {precision, [=, &common] {
            bench->seed = ranking->seed = common.seed;
            nlohmann::ordered_json result{{"embeddings", bench_precision(*bench)}};
            if (!ranking->world.empty()) result["ranking"] = bench_ranking(*ranking);
            return result;
          }};
}

Bench bench_pretrain_command(CLI::App& app, CommonOptions& common) {
  CLI::App* pretrain = app.add_subcommand("pretrain", "Time of one masked pretraining step");
  auto bench = std::make_shared<PretrainBench>();
  pretrain->add_option("--encoder", bench->encoder, "vit_tiny, ..., vit_gigantic")->capture_default_str();
  pretrain->add_option("--frames", bench->frames)->check(kCount)->capture_default_str();
  pretrain->add_option("--size", bench->size, "Pixels")->check(kCount)->capture_default_str();
  pretrain->add_option("--batch", bench->batch)->check(kCount)->capture_default_str();
  pretrain->add_option("--predictor-width", bench->predictor_width)->check(kCount)->capture_default_str();
  pretrain->add_option("--predictor-depth", bench->predictor_depth)->check(kCount)->capture_default_str();
  pretrain->add_option("--predictor-heads", bench->predictor_heads)->check(kCount)->capture_default_str();
  pretrain->add_option("--repetitions", bench->repetitions)->check(kCount)->capture_default_str();
  pretrain->add_option("--warmup", bench->warmup, "Untimed runs")->check(kCountOrNone)->capture_default_str();
  return {pretrain, [=, &common] {
            bench->seed = common.seed;
            return bench_pretrain(*bench);
          }};
}

Bench bench_rollout_command(CLI::App& app, CommonOptions& common) {
  CLI::App* rollout = app.add_subcommand("rollout", "Time of action-conditioned roll-outs, keys and values cached");
  auto bench = std::make_shared<RolloutBench>();
  const auto number = [&](const char* name, int64_t& value, const char* help) {
    rollout->add_option(name, value, help)->check(kCount)->capture_default_str();
  };
  number("--candidates", bench->candidates, "K");
  number("--context", bench->context, "Frames seen, the current one included");
  rollout->add_option("--horizons", bench->horizons, "H; the second is set against the first")
      ->delimiter(',')
      ->check(kCount)
      ->capture_default_str();
  number("--width", bench->width, "Features of a token in the predictor");
  number("--depth", bench->depth, "Blocks");
  number("--heads", bench->heads, "Attention heads");
  number("--encoder-width", bench->encoder_width, "Features of an encoder's token, a multiple of 64");
  number("--side", bench->side, "Patches along a side of a frame");
  number("--repetitions", bench->repetitions, "");
  rollout->add_option("--warmup", bench->warmup, "Untimed runs")->check(kCountOrNone)->capture_default_str();
  rollout->add_flag("--plain", bench->plain, "The path without a cache, too");
  return {rollout, [=, &common] {
            bench->seed = common.seed;
            return bench_rollout(*bench);
          }};
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
  train->add_option("--repetitions", bench->repetitions)->check(kCount)->capture_default_str();
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
  const auto number = [&](const char* name, int64_t& value, const char* help) {
    episodes->add_option(name, value, help)->check(kCount)->capture_default_str();
  };
  number("--frames", bench->frames, "Frames of a clip");
  number("--frameskip", bench->frameskip, "Rows between frames");
  number("--batch", bench->batch, "Clips at a time");
  number("--samples", bench->samples, "Clips of one repetition");
  number("--repetitions", bench->repetitions, "");
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
  return {busy, [=, &common] {
            bench->seed = common.seed;
            return bench_busy(*bench);
          }};
}

Bench bench_load_command(CLI::App& app) {
  CLI::App* load = app.add_subcommand("load", "Time and memory to load a model");
  struct Options {
    std::filesystem::path model;
    Vjepa2ReadOptions read;
  };
  auto options = std::make_shared<Options>();
  load->add_option("--model", options->model, "A folder or a .pt file")->required()->option_text("PATH");
  add_vjepa2_options(*load, options->read);
  return {load, [=] { return bench_load(options->model, options->read); }, kNone};
}

/// The words behind `foresee bench` of a call that works.
std::string example_of(const std::string& name) {
  if (name == "load") return "load --model tools/assets/two_room";
  if (name == "episodes") return "episodes --input two_room.h5";
  if (name == "encode") return "encode --model vit_large --frames 16";
  if (name == "env") return "env --env push_t";
  return name;
}

}  // namespace

Run setup_bench(CLI::App& app, CommonOptions& common) {
  auto precision = std::make_shared<bool>(false);
  app.add_flag("--precision", *precision, "The same as 'bench precision'");
  app.require_subcommand(0, 1);
  std::vector<Bench> benches{bench_env_command(app, common),       bench_encode_command(app, common),
                             bench_precision_command(app, common), bench_pretrain_command(app, common),
                             bench_rollout_command(app, common),   bench_train_command(app, common),
                             bench_busy_command(app, common),      bench_load_command(app),
                             bench_episodes_command(app, common)};
  for (const Bench& bench : benches) {
    bench.app->fallthrough();
    bench.app->footer("Example:\n  foresee bench " + example_of(bench.app->get_name()));
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
