#include "planner/eval/journal.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/log.h"

namespace foresee::planner {
namespace {

using nlohmann::json;

json trial_line(const Trial& trial) {
  json line{{"start", trial.start},
            {"success", trial.success},
            {"steps", trial.steps},
            {"final_distance", trial.final_distance},
            {"distances", trial.distances},
            {"planning_ms", trial.planning_ms},
            {"path", trial.path}};
  if (trial.held) line["held"] = *trial.held;
  return line;
}

Trial parse_trial(const json& line) {
  Trial trial;
  line.at("start").get_to(trial.start);
  line.at("success").get_to(trial.success);
  line.at("steps").get_to(trial.steps);
  line.at("final_distance").get_to(trial.final_distance);
  line.at("distances").get_to(trial.distances);
  line.at("planning_ms").get_to(trial.planning_ms);
  line.at("path").get_to(trial.path);
  if (line.contains("held")) trial.held = line.at("held").get<bool>();
  return trial;
}

}  // namespace

TrialJournal::TrialJournal(std::filesystem::path path, std::string key) : path_(std::move(path)), key_(std::move(key)) {
  std::error_code code;
  if (std::filesystem::file_size(path_, code) == 0 || code) return;
  whole_ = read();
  if (whole_ == 0) log_warning("eval: an evaluation with other settings was not finished here; this one begins anew");
}

TrialJournal::Place TrialJournal::place(const std::string& method, int64_t first) const {
  return {fmt::format("{}/{}", evaluation_, method), first};
}

std::optional<std::vector<Trial>> TrialJournal::find(const std::string& method, int64_t first) const {
  const auto found = groups_.find(place(method, first));
  return found == groups_.end() ? std::nullopt : std::optional(found->second);
}

void TrialJournal::add(const std::string& method, int64_t first, const std::vector<Trial>& trials) {
  if (!out_.is_open()) open();
  json rows = json::array();
  for (const Trial& trial : trials) rows.push_back(trial_line(trial));
  out_ << json{{"place", place(method, first)}, {"trials", rows}}.dump() << '\n';
  if (!out_.flush()) fail("{}: cannot be written: is the disk full?", path_.string());
}

/// Goes on after the last whole line.
void TrialJournal::open() {
  std::error_code code;
  if (whole_ > 0) std::filesystem::resize_file(path_, whole_, code);
  out_.open(path_, whole_ > 0 ? std::ios::app : std::ios::trunc);
  if (whole_ == 0) out_ << json{{"key", key_}}.dump() << '\n';
  if (code || !out_.flush()) fail("{}: cannot be written", path_.string());
}

void TrialJournal::remove() {
  out_.close();
  std::error_code code;
  std::filesystem::remove(path_, code);
}

/// @returns the bytes of its whole lines; 0: it is of another evaluation.
uintmax_t TrialJournal::read() {
  std::ifstream in(path_);
  std::string line;
  const auto whole = [&] { return std::getline(in, line) && !in.eof(); };
  if (!whole()) return 0;
  const json head = json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!head.is_object() || head.value("key", "") != key_) return 0;
  auto end = in.tellg();
  while (whole()) {
    const json group = json::parse(line, nullptr, /*allow_exceptions=*/false);
    try {
      std::vector<Trial> trials;
      for (const json& row : group.at("trials")) trials.push_back(parse_trial(row));
      kept_ += static_cast<int64_t>(trials.size());
      groups_[group.at("place").get<Place>()] = std::move(trials);
    } catch (const json::exception&) {
      break;  // damaged: what follows is played again
    }
    end = in.tellg();
  }
  return static_cast<uintmax_t>(end);
}

}  // namespace foresee::planner
