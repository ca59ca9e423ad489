#include "tools/cli/evaluation_output.h"

#include <fmt/ranges.h>

#include "tools/start/streams.h"

namespace foresee::tools {
namespace {

void print_overlap(const EpisodeOverlap& overlap) {
  if (!overlap.known)
    print_line("  the model does not say which episodes it was trained on: it may have seen these");
  else if (overlap.trained > 0)
    print_line("  the model was trained on {} of the {} episodes of this evaluation", overlap.trained,
               overlap.episodes);
}

void print_flags(const std::vector<EvaluationFlag>& flags) {
  for (const auto& flag : flags) print_line("  FLAG {}: {}", flag.name, flag.meaning);
}

void print_table(const Evaluation& result) {
  const std::string left_out =
      result.protocol == "swm" ? std::string()
                               : fmt::format("; {} more were solved already and are left out", result.excluded_solved);
  print_line("{}, protocol {}, seed {}: {} starts{}", result.env, result.protocol, result.seed, result.starts.size(),
             left_out);
  print_line("  {:<18}  {:>9}  {:>17}  {:>5}  {:>5}", "method", "success", "95 % interval", "n", "steps");
  for (const auto& method : result.methods)
    if (!method.failure.empty())
      print_line("  {:<18}  failed", method.method);
    else
      print_line("  {:<18}  {:>7.1f} %  {:>6.1f} .. {:>5.1f} %  {:>5}  {:>5}", method.method, 100 * method.rate,
                 100 * method.low, 100 * method.high, method.n,
                 method.steps ? fmt::format("{:.0f}", *method.steps) : "-");
  for (const auto& found : result.paired)
    print_line("  {} - {}: {:+.1f} points ({:+.1f} .. {:+.1f}), p {:.2g}; {} alone solves {}, {} alone {}", found.first,
               found.second, 100 * found.difference, 100 * found.low, 100 * found.high, found.p, found.first,
               found.first_only, found.second, found.second_only);
  for (const auto& remark : result.remarks) print_line("  {}", remark);
  print_flags(result.flags);
  if (result.overlap) print_overlap(*result.overlap);
  if (const auto& time = result.planning_ms)
    print_line("  one plan takes {:.0f} ms (p50), {:.0f} ms (p95), {:.0f} ms (p99)", time->p50, time->p95, time->p99);
}

void print_features(const std::string& model, const FeatureEvaluation& result) {
  print_line("{}, protocol features: {}; {} clips to fit, {} to test, {} frames of {} px", model, result.origin,
             result.train_clips, result.clips, result.frames, result.size);
  print_line("  {:<10}{:<11}{:>8}{:>26}{:>26}{:>26}", "factor", "probe", "chance", "model", "random weights", "pixels");
  const auto text = [](const ProbeRate& rate) {
    return fmt::format("{:.1f} ({:.1f} .. {:.1f}) %", 100 * rate.rate, 100 * rate.low, 100 * rate.high);
  };
  const auto line = [&](const FactorEvaluation& factor, const char* probe, ProbeRate FactorEvaluation::Probes::*rate) {
    print_line("  {:<10}{:<11}{:>6.1f} %{:>26}{:>26}{:>26}", factor.factor, probe, 100 * factor.chance,
               text(factor.model.*rate), text(factor.random.*rate), text(factor.pixels.*rate));
  };
  for (const auto& factor : result.factors) {
    line(factor, "attentive", &FactorEvaluation::Probes::attentive);
    line(factor, "linear", &FactorEvaluation::Probes::linear);
  }
}

void print_offline(const std::string& model, const OfflineEvaluation& result) {
  const OfflinePlans& plans = result.plans;
  print_line("{}, protocol offline: {} episodes of {} judged, {} starts; {} episodes are held out", model,
             plans.episodes.size(), result.episodes, plans.starts, result.held_out_episodes);
  for (const auto& [name, value] : result.metrics) print_line("  {:<40} {:>10.4g}", name, value);
  print_line("  {:<40}{:>8}{:>9}{:>19}{:>6}", "mean over starts", "blocks", "value", "95 % interval", "n");
  for (const auto& measure : plans.measures)
    for (size_t h = 0; h < measure.blocks.size(); ++h) {
      const EpisodeFigure& figure = measure.blocks[h];
      print_line("  {:<40}{:>8}{:>9.3f}{:>9.3f} .. {:>6.3f}{:>6}", fmt::format("{} {}", measure.group, measure.name),
                 h + 1, figure.mean, figure.low, figure.high, figure.n);
    }
  print_line("  chance: rank 0.5; retrieval {:.3f} for {} blocks", fmt::join(plans.chance, ", "),
             plans.horizon == 1 ? "1" : fmt::format("1 .. {}", plans.horizon));
  print_line("  the search: cem, {} candidates, {} iterations, {} elites", plans.search.samples,
             plans.search.iterations, plans.search.elites);
  for (const auto& remark : plans.remarks) print_line("  {}", remark);
  print_overlap(result.overlap);
}

void print_quality(const std::string& model, const QualityEvaluation& result) {
  print_line("{}, protocol quality: {} episodes ({} held out), {} rows, plans of {} blocks", model, result.episodes,
             result.held_out_episodes, result.rows, result.horizon);
  const auto factor = [](const char* name, const std::optional<double>& value) {
    print_line("  {:<24} {:>9}", name, value ? fmt::format("{:.3f}", *value) : "-");
  };
  factor("VIScore", result.score);
  factor("  veracity", result.veracity);
  factor("  influence", result.influence);
  factor("  sobriety", result.sobriety);
  for (const auto& why : result.abstained) print_line("  {}", why);
  for (const auto* numbers : {&result.viscore, &result.numbers})
    for (const auto& [name, value] : *numbers) print_line("  {:<24} {:>9.4g}", name, value);
  for (const auto& group : result.groups)
    for (const auto& [name, values] : group.numbers)
      print_line("  {:<24} {:>9.4g}", fmt::format("{} {}", group.name, name), fmt::join(values, " "));
  print_overlap(result.overlap);
  print_flags(result.flags);
  if (result.flags.empty()) print_line("  no flags");
}

void print_video(const EvaluationVideo& video) {
  print_line("filmed beside what was imagined, shown by {}: {}", video.frames, video.file.string());
  for (const auto& trial : video.trials)
    print_line("  start {}, {}: {}", trial.start, trial.success ? "reached" : "not reached",
               trial.parted ? fmt::format("parted by more than {:.3f} at step {}", video.threshold, *trial.parted)
                            : fmt::format("never parted by more than {:.3f}", video.threshold));
}

void print_surprise(const std::string& model, const SurpriseEvaluation& result) {
  print_line("{}, protocol surprise, seed {}: pairs in which the impossible is found, chance is 50 %", model,
             result.seed);
  print_line("  {}", result.origin);
  print_line("  {:<14}{:>6}{:>26}{:>26}{:>26}", "violation", "n", "model", "pixels", "latent change");
  const auto text = [](const PairAccuracy& rate) {
    return fmt::format("{:.1f} ({:.1f} .. {:.1f}) %", 100 * rate.accuracy, 100 * rate.low, 100 * rate.high);
  };
  for (const auto& kind : result.kinds) {
    print_line("  {:<14}{:>6}{:>26}{:>26}{:>26}", kind.kind, kind.model.n, text(kind.model), text(kind.pixels),
               text(kind.latent_change));
    for (const auto& [distance, rate] : kind.distances)
      print_line("    {:<12}{:>6}{:>26}", fmt::format("{} px", distance), rate.n, text(rate));
  }
  for (const auto& remark : result.remarks) print_line("  {}", remark);
}

}  // namespace

void print_evaluation(const EvaluateRequest& request, const EvaluateResult& result) {
  if (result.offline) print_offline(request.model.string(), *result.offline);
  if (result.quality) print_quality(request.model.string(), *result.quality);
  if (result.features) print_features(request.model.string(), *result.features);
  if (result.surprise) print_surprise(request.model.string(), *result.surprise);
  for (const Evaluation& evaluation : result.evaluations) {
    if (request.vary)
      print_line("{}={}{}{}", request.vary->key, evaluation.value, evaluation.place.empty() ? "" : ": ",
                 evaluation.place);
    print_table(evaluation);
  }
  if (result.video) print_video(*result.video);
  if (!result.generalisation) return;
  for (const auto& pool : result.generalisation->pools)
    print_line("planner, {}: {:.1f} % ({:.1f} .. {:.1f}), n {}", pool.place, 100 * pool.rate, 100 * pool.low,
               100 * pool.high, pool.n);
  print_flags(result.generalisation->flags);
}

}  // namespace foresee::tools
