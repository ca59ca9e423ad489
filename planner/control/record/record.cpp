#include "planner/control/record/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "jepa/core/error.h"
#include "jepa/core/interrupted.h"
#include "jepa/core/torch.h"
#include "jepa/core/watch/progress.h"

namespace foresee::planner {
namespace {

using nlohmann::json;

Tensor picture_of(const json& picture) {
  const auto height = picture.at("height").get<int64_t>(), width = picture.at("width").get<int64_t>();
  const auto& bytes = picture.at("rgb").get_binary();
  const auto most = static_cast<int64_t>(bytes.size());
  if (height < 1 || width < 1 || height > most || width > most || 3 * height * width != most)
    fail<DataError>("a picture of {} x {} pixels with {} bytes", height, width, most);
  const Tensor rows = at::empty({height, width, 3}, at::kByte);
  std::copy(bytes.begin(), bytes.end(), rows.mutable_data_ptr<uint8_t>());
  return rows.permute({2, 0, 1}).contiguous();
}

Sight sight_of(const json& sight) {
  Sight out;
  sight.at("state").get_to(out.state);
  sight.at("executed").get_to(out.executed);
  sight.at("extrinsics").get_to(out.extrinsics);
  if (sight.contains("picture")) out.picture = picture_of(sight.at("picture"));
  return out;
}

std::vector<Wanted> goals_in(const json& goals) {
  std::vector<Wanted> out;
  for (const json& goal : goals)
    out.push_back({.picture = picture_of(goal.at("picture")),
                   .state = goal.at("state").get<std::vector<double>>(),
                   .weight = goal.at("weight").get<double>()});
  return out;
}

Course course_of(const json& course) {
  Course out;
  course.at("ahead").get_to(out.ahead);
  for (const json& search : course.at("searches")) {
    Course::Search& one = out.searches.emplace_back();
    search.at("problem").get_to(one.problem);
    search.at("late").get_to(one.late);
    search.at("samples").get_to(one.samples);
    for (const json& turn : search.at("turns"))
      one.turns.push_back({turn.at(0).get<int>() != 0, std::clamp<int64_t>(turn.at(1).get<int64_t>(), 1, 1024)});
  }
  return out;
}

/// Plays the calls of a record.
class Player {
 public:
  Player(ControlCore& core, Replay& out) : core_(core), out_(out) {}

  void play(const json& call) {
    const auto name = call.at("call").get<std::string>();
    if (name == "goals") return core_.set_goals(problem(call), goals_in(call.at("goals")));
    if (name == "reset") return core_.reset(problem(call));
    if (name == "look_back") return core_.look_back(problem(call), sight_of(call.at("sight")));
    if (name != "act") fail<DataError>("unknown call '{}'", name);
    act(call);
  }

 private:
  static int64_t problem(const json& call) { return call.at("problem").get<int64_t>(); }

  void act(const json& call) {
    std::vector<Sight> seen;
    for (const json& sight : call.at("seen")) seen.push_back(sight_of(sight));
    const Course course = course_of(call.at("course"));
    const auto late =
        std::count_if(course.searches.begin(), course.searches.end(), [](const auto& s) { return s.late; });
    out_.late += late;
    out_.searched += late < static_cast<int64_t>(course.searches.size()) ? 1 : 0;
    ++out_.acts;
    const bool threw = call.contains("error");
    try {
      const auto actions = core_.act_again(seen, call.at("problems").get<std::vector<int64_t>>(), course);
      compare(actions, threw ? json::array() : call.at("actions"));
    } catch (const DataError&) {
      throw;
    } catch (const Error&) {
      if (!threw) differs();
    }
  }

  void compare(const std::vector<ControlAction>& actions, const json& recorded) {
    bool same = actions.size() == recorded.size();
    for (size_t i = 0; i < std::min(actions.size(), recorded.size()); ++i) {
      const auto before = recorded[i].get<std::vector<double>>();
      same = same && before == actions[i].action;
      for (size_t k = 0; k < std::min(before.size(), actions[i].action.size()); ++k)
        out_.largest = std::max(out_.largest, std::abs(before[k] - actions[i].action[k]));
    }
    if (!same) differs();
  }

  void differs() {
    ++out_.differing;
    if (!out_.first) out_.first = out_.acts;
  }

  ControlCore& core_;
  Replay& out_;
};

}  // namespace

RecordReader::RecordReader(std::filesystem::path file) : path_(std::move(file)), in_(path_, std::ios::binary) {
  if (!in_) fail<DataError>("{}: cannot be read", path_.string());
  header_ = next();
  const auto text = [&](const char* key) {
    return header_ && header_->is_object() && header_->contains(key) ? header_->at(key) : json();
  };
  if (text("format") != kRecordFormat)
    fail<DataError>("{}: no record of a controller (Controller::Options::record writes one)", path_.string());
  if (text("version") != kRecordVersion)
    fail<DataError>("{}: a record of version {}, this program reads version {}", path_.string(), text("version").dump(),
                    kRecordVersion);
}

RecordReader::~RecordReader() = default;

std::unique_ptr<json> RecordReader::next() {
  if (in_.peek() == std::ifstream::traits_type::eof()) return nullptr;
  auto object = std::make_unique<json>(json::from_cbor(in_, /*strict=*/false, /*allow_exceptions=*/false));
  if (!object->is_discarded()) return object;
  cut_ = true;
  return nullptr;
}

Replay replay(RecordReader& record, ControlCore& core, const JobControl& control) {
  Replay out;
  Player player(core, out);
  Progress progress(control, "replay", 0, "calls");
  int64_t calls = 0;
  while (const auto call = record.next()) {
    if (control.stopping()) throw Interrupted("replay: stopped");
    ++calls;
    try {
      player.play(*call);
    } catch (const DataError& error) {
      fail<DataError>("{}: call {}: {}", record.file().string(), calls, error.what());
    } catch (const json::exception& error) {
      fail<DataError>("{}: call {} is not what a controller writes: {}", record.file().string(), calls, error.what());
    }
    progress.update(calls);
  }
  progress.finish();
  out.cut = record.cut();
  return out;
}

}  // namespace foresee::planner
