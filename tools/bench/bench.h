#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "foresee/settings.h"
#include "jepa/model/vjepa2/files/weights.h"

namespace foresee::tools {

/// Environment steps a second on one thread: without pictures, with 224 x 224 and with 64 x 64 pictures, each step
/// under a random action. Every rate is the median of several repetitions, with the slowest and fastest.
/// @returns {"env", "threads", "repetitions", "steps": {"per_s", "low", "high", "peer_per_s", "ratio"}, "rendered_224",
/// "rendered_64"}
nlohmann::ordered_json bench_env(const std::string& env, uint64_t seed);

/// What 'bench encode' and 'bench precision' encode.
struct EncodeBench {
  std::string model = "vit_large";  // a published name (random weights), or a path that read_vjepa2 takes
  int64_t frames = 16, size = 256, batch = 1;
  int64_t repetitions = 5, warmup = 1;
  std::vector<std::string> precisions{"fp32", "bf16"};
  bool plain = false;  // the network as training runs it, float32, as well
  uint64_t seed = 0;
  std::vector<std::filesystem::path> inputs;  // 'precision' only: videos and pictures; none: synthetic clips
  int64_t clips = 4;                          // 'precision' only: synthetic ones
  ReadOptions read{};                         // of a model at a path
};

/// Time to encode a batch of clips, and its share of what large matrix products reach on this machine in the same run.
/// @returns {"model", "clip", "threads", "gflop", PRECISION: {"ms": {"p50", "p95", "p99"}, "clips_per_s",
/// "gflop_per_s", "gemm_peak_gflop_per_s", "share_of_peak"}}
nlohmann::ordered_json bench_encode(const EncodeBench& bench);

/// What bfloat16 changes: cosines of embeddings against float32, of tokens and of clips.
/// @returns {"model", "clips", "token_cosine": {"mean", "min"}, "clip_cosine": {"mean", "min"}}
nlohmann::ordered_json bench_precision(const EncodeBench& bench);

/// What bfloat16 changes in which candidates a search would keep: costs of random plans toward a goal picture, encoder
/// and predictor in either precision.
struct RankingBench {
  std::filesystem::path world;                  // of family vjepa2_ac, or Meta's V-JEPA 2-AC file
  std::vector<std::filesystem::path> pictures;  // observed and goal; none: synthetic
  int64_t candidates = 64, horizon = 2, elites = 10;
  uint64_t seed = 0;
  ReadOptions read{};
};
/// @returns {"world", "candidates", "horizon", "spearman": rank correlation of the costs, "elites", "elite_overlap":
/// share of the elites that are the same, "same_best"}
nlohmann::ordered_json bench_ranking(const RankingBench& bench);

/// Roll-outs of an action-conditioned predictor with random weights. Defaults: the size of V-JEPA 2-AC's predictor on
/// ViT-L's features.
struct RolloutBench {
  int64_t candidates = 8, context = 1;
  std::vector<int64_t> horizons{2, 4};
  int64_t width = 1024, depth = 24, heads = 16, encoder_width = 1024;
  int64_t side = 16;   // patches along a side of a frame
  bool plain = false;  // the plain path, and how far the two differ, as well
  int64_t repetitions = 5, warmup = 1;
  uint64_t seed = 0;
};
/// Time of the costs of all candidates, keys and values cached or not.
/// @returns {..., "horizon_H": {"cached_ms": {"p50", "p95", "p99", "min", "max"}, "cached_gflop_per_s", "plain_ms",
/// "plain_over_cached", "max_abs_difference"}, "horizon_4_over_2": {"cached", "plain"}}
nlohmann::ordered_json bench_rollout(const RolloutBench& bench);

/// One masked pretraining step on random clips, with V-JEPA 2's masks.
struct PretrainBench {
  std::string encoder = "vit_tiny";
  int64_t frames = 16, size = 128, batch = 4;
  int64_t predictor_width = 384, predictor_depth = 12, predictor_heads = 12;
  int64_t repetitions = 5, warmup = 1;
  uint64_t seed = 0;
};
/// @returns {"encoder", ..., "context", "target": tokens of each mask group, "ms": {"p50", "p95", "p99"}}
nlohmann::ordered_json bench_pretrain(const PretrainBench& bench);

/// Training steps of a LeWM preset on random pictures, without a loader.
struct TrainBench {
  std::string preset = "lewm-s64";
  std::vector<std::string> precisions{"fp32", "bf16"};
  int64_t batch = 0;  // clips; 0: the preset's
  int64_t repetitions = 5, warmup = 2;
  std::string device = "cpu";
  uint64_t seed = 0;
};
/// @returns {"preset", "device", "threads", "batch", "frames_per_step", PRECISION: {"frames_per_s", "ms": {"p50",
/// "p95", "p99"}}}
nlohmann::ordered_json bench_train(const TrainBench& bench);

/// Loads a model as commands do, every number of it touched, and what that took.
/// @returns {"model", "seconds", "file_bytes", "weight_bytes", "base_rss_bytes", "peak_rss_bytes", "ratio": peak /
/// file}
nlohmann::ordered_json bench_load(const std::filesystem::path& model, const Vjepa2ReadOptions& options);

/// Clips of a set of episodes in shuffled order, read from its files as training reads them.
struct EpisodesBench {
  std::filesystem::path input;
  int64_t frames = 4, frameskip = 5, batch = 64;
  int64_t samples = 1024;  // clips of one repetition
  int64_t repetitions = 5;
  int64_t threads = 0;  // 0: all cores
  bool cache = false;   // keep pictures in memory where they fit
  uint64_t seed = 0;
};
/// @returns {"input", "clip", "clips", "threads", "batch", "samples_per_s": {"median", "low", "high"},
/// "megabytes_per_s", "checksum"}
nlohmann::ordered_json bench_episodes(const EpisodesBench& bench);

/// Plans of a world model toward a random picture, each from another random picture.
struct PlanBench {
  std::filesystem::path model;  // none: a LeWM of `preset` with random weights
  ReadOptions read{};           // of that model
  std::string preset = "lewm";
  Settings settings;  // as of a Controller: planner.samples, deadline_ms, ...
  int64_t plans = 10, warmup = 2;
  int64_t batch = 1;           // problems that are searched side by side; a plan is a search of all of them
  std::string tier = "exact";  // precision; the only one that there is
  int64_t busy = 0;            // other processes, each of which keeps one processor busy
  std::string device = "cpu";
  uint64_t seed = 0;
};
/// Time from observation to action, of the calls that search; what of it is not the model's (`overhead_ms` of a plan);
/// blocks of candidates rolled out a second; operations that the predictor needs, over the time and over the machine's
/// rate of matrix products (`gemm_peak_share`, null for a model whose operations are not counted: all but LeWMs that go
/// block after block); calls of the allocator for more than 4 KB in a plan that is not the first
/// (`allocations_per_plan`, null where they are not counted). `misses` are calls that were later than the deadline and
/// 1 ms.
/// @returns {"model", "device", "threads", "busy_processes", "solver", "tier", "batch", "samples", "iterations",
/// "horizon", "plans", "p50_ms", "p95_ms", "p99_ms", "candidate_steps_per_s", "gemm_gflop_per_s", "gemm_peak_share",
/// "overhead_ms", "overhead_share", "allocations_per_plan", "median_iterations", "misses", "fallbacks"} and, with one,
/// "deadline_ms". @throws ConfigError for another tier than exact.
nlohmann::ordered_json bench_plan(const PlanBench& bench);

/// Small work, alone on the machine and beside other processes that are never idle.
struct BusyBench {
  int64_t processes = 1;    // others, each of which keeps one processor busy
  int64_t repetitions = 9;  // of each work; the median counts
  uint64_t seed = 0;
};
/// A plan of a small action predictor and a training step of a small LeWM.
/// @returns {"threads", "usable_cores", "busy_processes", "repetitions", "plan": {"idle_ms", "busy_ms", "ratio"},
/// "train": the same}
nlohmann::ordered_json bench_busy(const BusyBench& bench);

/// "ms" of repeated runs: {"p50", "p95", "p99"}, nearest rank.
nlohmann::ordered_json percentiles_ms(std::vector<double> seconds);

}  // namespace foresee::tools
