#include "tools/report/results/card.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/files/json.h"
#include "tools/report/results/findings.h"
#include "tools/report/results/results.h"

namespace foresee::report {
namespace {

using Json = nlohmann::ordered_json;

/// A text as YAML reads it: JSON's strings are YAML's.
std::string quoted(const std::string& text) { return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string model_name(const Results& results) {
  const Json made_by = results.whole.value("made_by", Json::object());
  const Json model = made_by.is_object() ? made_by.value("model", Json()) : Json();
  return model.is_object() && model.contains("path") ? folder_name(model["path"].get<std::string>()) : "model";
}

struct Task {
  std::string type, name, metric;
};

Task task_of(const Results& results) {
  if (results.closed_loop()) return {"robotics", "Planning to a goal picture", "success_rate"};
  if (results.protocol() == "features") return {"video-classification", "Probes on frozen features", "accuracy"};
  return {"other", "Violation of expectation", "accuracy"};
}

}  // namespace

std::string model_card(const std::filesystem::path& evaluation) {
  const Results results = read_results(evaluation);
  const auto rates = rates_of(results);
  if (rates.empty())
    fail("{}: a card needs rates of success or accuracy, and this evaluation has none", evaluation.string());
  const JsonView view(results.result(), (evaluation / "results.json").string());
  const Task task = task_of(results);
  const std::string env = view.text_or("env", "moving scenes"), name = model_name(results);
  const auto seed = view.integer_or("seed", 0);
  std::string out = "---\nlibrary_name: foresee\ntags:\n- world-model\n- jepa\nmodel-index:\n";
  out += fmt::format("- name: {}\n  results:\n  - task:\n      type: {}\n      name: {}\n", quoted(name), task.type,
                     quoted(task.name));
  out += fmt::format("    dataset:\n      type: {}\n      name: {}\n    metrics:\n", quoted(env),
                     quoted(fmt::format("{}, protocol {}, seed {}", env, results.protocol(), seed)));
  for (const auto& [method, rate] : rates)
    out += fmt::format(
        "    - type: {}\n      value: {:.4f}\n      name: {}\n", task.metric, rate.rate,
        quoted(fmt::format("{}, {} trials, 95 % interval {:.3f} to {:.3f}", method, rate.n, rate.low, rate.high)));
  out += fmt::format("---\n\n# {}\n\n## {}: {}, protocol {}\n\n", name, task.name, env, results.protocol());
  out += table_text(results_table(results), TableFormat::kMarkdown) + "\n";
  out += "## What to know of these numbers\n\n";
  for (const auto& sentence : findings(results)) out += fmt::format("- {}\n", sentence);
  out += "\n## How they were made\n\n";
  const Json made_by = results.whole.value("made_by", Json());
  if (made_by.is_object())
    for (const auto& [key, value] : facts_of(made_by)) out += fmt::format("- {}: `{}`\n", key, value);
  return out + fmt::format("- seed: `{}`\n", seed);
}

}  // namespace foresee::report
