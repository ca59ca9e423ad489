#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "foresee/export.h"
#include "foresee/job.h"
#include "foresee/read_options.h"
#include "foresee/settings.h"
#include "jepa/core/api/request_error.h"

namespace foresee {

/// A factor of variation and the values that it takes, one evaluation for each: {"push_t.agent_scale", {"30", "40"}}.
struct FactorSweep {
  std::string key;                  // of config group "world"
  std::vector<std::string> values;  // JSON texts; a single number for a list stands for each of its numbers
};

/// Is a model any good? Closed loop in an environment, (protocols "offline" and "quality") on recorded episodes,
/// or (protocol "features", of encoders of video) by probes on clips with labels.
struct EvaluateRequest {
  std::filesystem::path model{};     // for methods planner and inverse_dynamics, and for protocols offline and features
  std::optional<std::string> env{};  // these four: as the settings say where they are left out; of protocol surprise
                                     // also "scenes", for encoders of video
  // "near", "far", "swm", "offline", "quality", "features" or "surprise"
  std::optional<std::string> protocol{};
  std::optional<std::vector<std::string>> methods{};  // what is compared, by name
  bool all_baselines = false;                         // every method without a search on the model that can be run, too
  bool allow_overlap = false;                         // episodes that the model was trained on are no error
  std::optional<int64_t> episodes{};  // starts that are not solved already; of protocol features, clips to test on; of
                                      // protocol quality, episodes to read (300); of offline, to judge on (50)
  std::vector<std::filesystem::path> data{};   // episode file that holds the starts; of protocol offline, files; of
                                               // features a list of labelled clips, a folder of
                                               // videos without labels, nothing: the generator's; of surprise a
                                               // list of pairs of clips
  std::optional<FactorSweep> vary{};           // not of protocols offline and features
  std::vector<std::string> draw{};             // factors that every start draws, the same for all methods:
                                               // "two_room.door_position=30..190"; of protocols near and far
  int64_t strips = 12;                         // film strips to write, failures first
  std::optional<std::filesystem::path> out{};  // folder for results.json and film strips, of a sweep one folder per
                                               // value (00, 01, ...); none: nothing is written
  std::optional<std::filesystem::path>
      video{};           // FILE.mp4 or .png: trials of the planner beside what it imagined,
                         // shown by frames of `data`, else of the model's folder; not of a sweep
  JobOptions options{};  // keys: `foresee config eval`
  ReadOptions read{};    // what the model's file does not say
};

/// One start as a method played it.
struct TrialRow {
  int64_t start = 0;                // index in Evaluation::starts
  bool success = false;             // whether the goal was reached
  int64_t steps = 0;                // environment steps
  std::vector<double> final_state;  // of the environment, its units
  double final_distance = 0;        // to the goal, the environment's units
  std::vector<double> distances;    // the same, before the first step and after each
  std::vector<double> planning_ms;  // wall-clock of each plan; empty where nothing was planned
  std::optional<bool> held;         // of a success: it lasts while nothing is done for five more steps; nothing where
                                    // that cannot be tried
};

/// How one method did on all starts.
struct MethodScore {
  std::string method;                  // its name
  double rate = 0, low = 0, high = 1;  // share of successes and its 95 % interval
  int64_t n = 0;                       // trials
  std::vector<TrialRow> trials;        // in the order of the starts
  std::optional<double> steps;         // half of the successes took so many or fewer; none where none succeeded
  std::vector<double> distance;  // mean distance to the goal before the first step and after each, over all trials
  std::string failure;           // what ended the method, where it threw: it has no trials then
};

/// Where a trial began and where it was to end: the same for every method.
struct StartRow {
  std::vector<double> state, goal;      // of the environment, its units
  std::optional<int64_t> episode, row;  // of the data that it was taken from
};

/// The planner (without it the inverse-dynamics head) beside another method, on the starts that both have finished.
struct PairedScore {
  std::string first, second;                       // methods
  double difference = 0, low = -1, high = 1;       // of their rates, and its 95 % interval for paired data (Newcombe)
  double p = 1;                                    // McNemar's exact test, two-sided
  int64_t first_only = 0, second_only = 0, n = 0;  // starts that one of them alone solves, and all
};

/// Quantiles of the wall-clock of one plan, milliseconds.
struct PlanningTime {
  double p50 = 0, p95 = 0, p99 = 0;
};

/// How many of the episodes of an evaluation the model was trained on, told by what they hold.
struct EpisodeOverlap {
  bool known = false;                 // the model folder says what it was trained on (training_set.json)
  int64_t episodes = 0, trained = 0;  // those of the evaluation, and those among them
};

/// A sign that a model is broken, or that a rate does not say what it seems to say (docs/reference/metrics.md).
struct EvaluationFlag {
  std::string name;                 // "collapse", "no better than a baseline", ...
  double value = 0, threshold = 0;  // what was measured, and the bound that it breaks
  std::string meaning;              // both in a sentence
};

/// One closed-loop evaluation.
struct Evaluation {
  std::string env, protocol;                 // names of both
  std::string value;                         // of the factor that is varied; else empty
  std::string place;                         // of that value: "trained", "interpolated" (between trained
                                             // values), "extrapolated"; empty: not known
  uint64_t seed = 0;                         // of everything random
  std::vector<MethodScore> methods;          // in the order in which they were asked for
  std::vector<PairedScore> paired;           // of the first method there is of planner, inverse_dynamics
  std::vector<StartRow> starts;              // the same for every method
  std::string origin_of_starts;              // one sentence
  int64_t excluded_solved = 0;               // starts that were drawn, found solved, and left out
  int64_t solved_at_start = 0;               // protocol swm, which keeps them
  std::vector<std::string> remarks;          // what a reader of the rates has to know, in sentences
  std::vector<EvaluationFlag> flags;         // none for a sound evaluation
  std::optional<PlanningTime> planning_ms;   // of the first method that searches on the model
  std::optional<EpisodeOverlap> overlap;     // where a model plans and the starts lie on episodes
  std::vector<std::filesystem::path> files;  // that were written: results.json, then film strips
  bool interrupted = false;                  // holds the trials that were finished
};

/// A mean over starts in recorded episodes. Starts of one episode are not independent, so its 95 % interval is a
/// bootstrap over the episodes. NaN: not known; the interval of a single episode is not.
struct EpisodeFigure {
  double mean = 0, low = 0, high = 0;
  int64_t n = 0, episodes = 0;  // starts, and the episodes that they lie in
};

/// One measure of protocol offline (docs/reference/metrics.md).
struct OfflineMeasure {
  // "rank", "rank_drawn", "rank_recorded", "action_distance", "mean_action_distance" or "retrieval"
  std::string group;
  std::string name;                           // in it: "planner", "nearest_neighbour", ...; of ranks empty
  std::vector<EpisodeFigure> blocks;          // of sequences of 1, 2, ... action blocks
  std::vector<std::vector<double>> episodes;  // the same of each of OfflinePlans::episodes alone
};

/// What protocol offline found of plans toward recorded pictures.
struct OfflinePlans {
  struct Search {
    int64_t samples = 0, iterations = 0, elites = 0;
    double init_std = 0;  // normalised actions
  };
  struct Episode {
    int64_t episode = 0, starts = 0;  // its place among all that were read, from 0; starts in it
  };
  int64_t starts = 0, history = 1, horizon = 0;  // starts; pictures that each is seen by; blocks of the longest plan
  Search search{};
  std::vector<OfflineMeasure> measures{};
  std::vector<double> chance{};  // of retrieval, for 1, 2, ... blocks; that of ranks is 0.5
  std::vector<Episode> episodes{};
  std::vector<std::string> remarks{};  // what a reader of the numbers has to know, in sentences
};

/// What protocol offline found on recorded episodes.
struct OfflineEvaluation {
  int64_t held_out_episodes = 0, episodes = 0;          // those of the held-out tenth, and all
  OfflinePlans plans{};                                 // of every family
  std::vector<std::pair<std::string, double>> metrics;  // of a LeWM on the held-out tenth, by name
  std::optional<std::string> warning;                   // where the embedding has collapsed
  EpisodeOverlap overlap{};                             // of those judged on
};

/// What protocol quality found (docs/reference/metrics.md). Numbers that the data cannot give are NaN.
struct QualityEvaluation {
  /// Numbers of one kind, by name; more than one where there is one for each block of a roll-out.
  struct Group {
    std::string name;
    std::vector<std::pair<std::string, std::vector<double>>> numbers;
  };
  std::string env;                              // whose tolerance counts; empty: not known
  int64_t episodes = 0, held_out_episodes = 0;  // that were read, and of them held out
  EpisodeOverlap overlap{};  // of what was read with the model's training episodes, which it is compared with
  int64_t rows = 0, history = 1, horizon = 0;  // rows at the model's cadence; pictures and blocks of a plan
  std::optional<double> score, veracity, influence, sobriety;  // VIScore and its factors; nothing: it abstains
  std::vector<std::string> abstained;                          // why factors have no value, in sentences
  std::vector<std::pair<std::string, double>> viscore;         // what the factors were made of
  std::vector<std::pair<std::string, double>> numbers;
  std::vector<Group> groups;
  std::vector<EvaluationFlag> flags;
};

/// How often a probe names the right value, on clips that it was not fitted on.
struct ProbeRate {
  double rate = 0, low = 0, high = 1;  // with the 95 % interval
  int64_t n = 0;                       // clips
};

/// What probes read of one factor.
struct FactorEvaluation {
  struct Probes {
    ProbeRate attentive, linear;
  };
  std::string factor;  // "direction", "speed", "count", "colour", "bounce", "occlusion"; of a list "label"
  double chance = 0;   // rate of always naming one value
  Probes model{};      // from the frozen features
  Probes random{};     // from the same network with random weights
  Probes pixels{};     // from the pixels of the tokens
};

/// What protocol features found.
struct FeatureEvaluation {
  std::string origin;  // of the clips, one sentence
  int64_t train_clips = 0, clips = 0;
  int64_t epochs = 0;            // of the attentive probe, at most: held-out clips choose the moment and the rate
  int64_t frames = 0, size = 0;  // of a clip, px
  std::vector<FactorEvaluation> factors{};
};

/// How often a measure finds the episode of a pair in which the impossible happens.
struct PairAccuracy {
  double accuracy = 0, low = 0, high = 1;  // share of pairs and its 95 % interval; chance is 0.5
  int64_t n = 0;                           // pairs
};

/// What protocol surprise found.
struct SurpriseEvaluation {
  struct Point {
    int64_t offset = 0;  // scores after the first that the violation falls into; of a list, from the first
    double changed = 0, unchanged = 0;  // mean surprise over the pairs
  };
  struct Kind {
    std::string kind;      // "teleport", "colour", "stop", "vanish", "through_wall"; of a list as it says
    PairAccuracy model{};  // by the error of its predictions
    PairAccuracy pixels{}, latent_change{};                    // by plain change from picture to picture
    std::vector<std::pair<double, PairAccuracy>> distances{};  // of a teleport, px (docs/reference/protocols.md)
    std::vector<Point> curve{};
  };
  std::string env{};     // or "scenes"; empty: pairs of a list
  std::string origin{};  // what was shown and what a score is, one sentence
  uint64_t seed = 0;
  std::vector<Kind> kinds{};
  std::vector<std::string> remarks{};  // where the model is at chance, and which kinds have no meaning here
};

/// How the planner did on scenes like those of its training, and on others. Known where its model folder says which
/// factors it was trained on (training_set.json), or the setting "trained" does.
struct Generalisation {
  /// Starts of one kind, of all values together.
  struct Pool {
    std::string place;                   // "trained", "interpolated" or "extrapolated"
    double rate = 0, low = 0, high = 1;  // share of successes and its 95 % interval
    int64_t n = 0;                       // trials
  };
  std::vector<Pool> pools{};  // in that order; those that have trials
  bool memorised = false;     // a memorised world: `low` of the trained ones lies above `high` of all others together
  std::vector<EvaluationFlag> flags{};  // "memorised world", where it is one
};

/// Trials of the planner that were filmed beside what it imagined, failures first.
struct EvaluationVideo {
  struct Trial {
    int64_t start = 0;                // index in Evaluation::starts
    bool success = false;             // whether the goal was reached
    std::optional<int64_t> parted{};  // environment steps after which what happened was first further than `threshold`
                                      // from what was imagined; none: never
  };
  std::filesystem::path file{};
  std::string frames{};  // the real frames that imagined latents are shown by, in words
  double threshold = 0;  // median distance of such frames one block apart: root mean square over an encoding's numbers
  std::vector<Trial> trials{};
};

/// What an evaluation found.
struct EvaluateResult {
  std::vector<Evaluation> evaluations{};           // one, or one for each value of a sweep
  std::optional<Generalisation> generalisation{};  // over all evaluations, where it is known
  std::optional<OfflineEvaluation> offline{};      // of protocol offline, then nothing else
  std::optional<QualityEvaluation> quality{};      // of protocol quality, then nothing else
  std::optional<FeatureEvaluation> features{};     // of protocol features, then nothing else
  std::optional<SurpriseEvaluation> surprise{};    // of protocol surprise, then nothing else
  std::optional<EvaluationVideo> video{};          // where one was asked for and the planner has finished trials
  std::optional<std::filesystem::path> folder{};   // of the results, where they were written
  bool interrupted = false;                        // stopped before the end
};

/// Evaluates. A stop ends it with what is finished, and the result says so. Several threads may evaluate at once. With
/// `out`, an evaluation in an environment that was killed goes on where the same request is made again.
/// @throws RequestError for a field that is missing or does not fit; ConfigError, DataError and CheckpointError for
/// what they say; OutputExists.
FORESEE_API EvaluateResult evaluate(const EvaluateRequest& request, const JobControl& control = {});

}  // namespace foresee
