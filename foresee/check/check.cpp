#include "foresee/check.h"

#include <algorithm>
#include <memory>
#include <numeric>

#include "data/episode/check/check.h"
#include "data/episode/source.h"
#include "foresee/request_error.h"
#include "jepa/core/error.h"
#include "jepa/core/watch/progress.h"

namespace foresee {
namespace {

CheckedSet describe_set(const data::EpisodeSource& source) {
  const data::SourceInfo& info = source.info();
  CheckedSet set{.path = source.path(), .format = info.format, .episodes = source.episodes()};
  set.rows = std::accumulate(info.lengths.begin(), info.lengths.end(), int64_t{0});
  for (const auto& column : info.columns) set.columns.push_back(column.name);
  for (const auto& column : info.unread)
    set.notes.push_back(fmt::format("column '{}' is not read: {}", column.name, column.reason));
  set.notes.insert(set.notes.end(), info.notes.begin(), info.notes.end());
  const bool unread = std::any_of(info.unread.begin(), info.unread.end(), [](auto& u) { return u.name == "action"; });
  if (!source.has("action") && !unread)
    set.notes.push_back("no actions: a world model of actions cannot be trained on it");
  return set;
}

data::StateReading reading_of(const CheckRequest& request) {
  using Kind = data::StateReading::Kind;
  if (!request.state_update || request.state_update == "none") return {};
  if (request.state_update != "arm_pose" && request.state_update != "add")
    throw RequestError("state_update",
                       fmt::format("check: expected arm_pose, add or none, got '{}'", *request.state_update));
  return {request.state_update == "add" ? Kind::kAdd : Kind::kArmPose, request.state_column};
}

void add_damaged_pictures(const std::vector<const data::EpisodeSource*>& sources, std::vector<data::Finding>& findings,
                          const JobControl& control) {
  int64_t episodes = 0, before = 0;
  for (const auto* source : sources) episodes += source->episodes();
  Progress progress(control, "check", episodes, "episodes");
  for (const auto* source : sources) {
    const auto damaged = data::check_pictures(*source, [&](int64_t done) {
      progress.update(before + done);
      return !control.stopping();
    });
    if (control.stopping()) fail("check: interrupted");
    findings.insert(findings.end(), damaged.begin(), damaged.end());
    before += source->episodes();
  }
  progress.finish();
}

}  // namespace

CheckResult check_episodes(const CheckRequest& request, const JobControl& control) {
  if (request.data.empty()) fail("check: expected at least one set of episodes");
  const data::StateReading reading = reading_of(request);
  CheckResult out;
  std::vector<std::unique_ptr<data::EpisodeSource>> sources;
  std::vector<const data::EpisodeSource*> opened;
  for (const auto& path : request.data) {
    if (control.stopping()) fail("check: interrupted");
    try {
      sources.push_back(data::open_source(path, {.camera = request.camera,
                                                 .tolerance_s = request.tolerance_s,
                                                 .every_camera = true,
                                                 .any_camera = true,
                                                 .quiet = true}));
      opened.push_back(sources.back().get());
      out.sets.push_back(describe_set(*opened.back()));
    } catch (const DataError& error) {
      out.sets.push_back({.path = path, .format = {}});
      out.findings.push_back({.kind = "unreadable",
                              .set = path,
                              .episode = {},
                              .column = {},
                              .row = {},
                              .count = 1,
                              .text = error.what()});
    }
  }
  std::vector<data::Finding> findings = data::check_sources(opened, reading);
  if (request.pictures) add_damaged_pictures(opened, findings, control);
  for (const auto& finding : findings)
    out.findings.push_back({finding.kind, finding.set, finding.episode, finding.column, finding.row, finding.count,
                            finding.text, finding.certain});
  return out;
}

}  // namespace foresee
