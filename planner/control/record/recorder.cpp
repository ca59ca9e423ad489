#include "planner/control/record/recorder.h"

#include <cerrno>
#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/files/system_reason.h"
#include "jepa/core/log.h"
#include "jepa/core/torch.h"
#include "planner/control/record/record.h"

namespace foresee::planner {
namespace {

using nlohmann::json;

json picture_json(const Tensor& picture) {
  const Tensor rows = picture.permute({1, 2, 0}).contiguous();
  const auto* bytes = rows.const_data_ptr<uint8_t>();
  return {{"height", rows.size(0)},
          {"width", rows.size(1)},
          {"rgb", json::binary(std::vector<uint8_t>(bytes, bytes + rows.numel()))}};
}

json sight_json(const Sight& sight) {
  json out{{"state", sight.state}, {"executed", sight.executed}, {"extrinsics", sight.extrinsics}};
  if (sight.picture.defined()) out["picture"] = picture_json(sight.picture);
  return out;
}

json course_json(const Course& course) {
  json searches = json::array();
  for (const Course::Search& search : course.searches) {
    json turns = json::array();
    for (const Course::Turn& turn : search.turns) turns.push_back({turn.go_on ? 1 : 0, turn.threads});
    searches.push_back(
        {{"problem", search.problem}, {"late", search.late}, {"samples", search.samples}, {"turns", turns}});
  }
  return {{"searches", searches}, {"ahead", course.ahead}};
}

json act_json(std::span<const Sight> seen, std::span<const int64_t> problems, const Course& course) {
  json sights = json::array();
  for (const Sight& sight : seen) sights.push_back(sight_json(sight));
  return {{"call", "act"},
          {"seen", sights},
          {"problems", std::vector<int64_t>(problems.begin(), problems.end())},
          {"course", course_json(course)}};
}

}  // namespace

Recorder::Recorder(const std::filesystem::path& file, const json& header) : path_(file) {
  file_.reset(std::fopen(file.c_str(), "wbx"));
  if (!file_ && errno == EEXIST)
    fail("{}: exists already; a record overwrites nothing: name another file", file.string());
  if (!file_) fail("{}: cannot be written: {}", file.string(), system_reason(errno));
  json first = header;
  first["format"] = kRecordFormat;
  first["version"] = kRecordVersion;
  write(first);
}

void Recorder::write(const json& object) {
  if (!file_) return;
  const std::vector<uint8_t> bytes = json::to_cbor(object);
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) == bytes.size() && std::fflush(file_.get()) == 0) return;
  log_warning("{}: cannot be written any more: {}; the rest of this run is not recorded", path_.string(),
              system_reason(errno));
  file_.reset();
}

void Recorder::goals(int64_t problem, std::span<const Wanted> goals) {
  json all = json::array();
  for (const Wanted& goal : goals)
    all.push_back({{"picture", picture_json(goal.picture)}, {"state", goal.state}, {"weight", goal.weight}});
  write({{"call", "goals"}, {"problem", problem}, {"goals", all}});
}

void Recorder::reset(int64_t problem) { write({{"call", "reset"}, {"problem", problem}}); }

void Recorder::look_back(int64_t problem, const Sight& sight) {
  write({{"call", "look_back"}, {"problem", problem}, {"sight", sight_json(sight)}});
}

void Recorder::acted(std::span<const Sight> seen, std::span<const int64_t> problems, const Course& course,
                     std::span<const ControlAction> actions) {
  json call = act_json(seen, problems, course);
  call["actions"] = json::array();
  for (const ControlAction& action : actions) call["actions"].push_back(action.action);
  write(call);
}

void Recorder::failed(std::span<const Sight> seen, std::span<const int64_t> problems, const Course& course,
                      const std::string& error) {
  json call = act_json(seen, problems, course);
  call["error"] = error;
  write(call);
}

}  // namespace foresee::planner
