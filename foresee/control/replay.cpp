#include "foresee/replay.h"

#include <nlohmann/json.hpp>

#include "foresee/control/core_setup.h"
#include "foresee/settings/device.h"
#include "foresee/settings/threads.h"
#include "jepa/core/api/request_error.h"
#include "jepa/core/error.h"
#include "jepa/model/family/family.h"
#include "jepa/model/world_model.h"
#include "planner/control/record/record.h"

namespace foresee {

ReplayResult replay(const ReplayRequest& request, const JobControl& control) {
  if (request.record.empty()) throw RequestError("record", "replay: expected a file that a controller recorded");
  planner::RecordReader reader(request.record);
  RecordedSetup recorded = [&] {
    try {
      return read_record_header(reader.header());
    } catch (const nlohmann::json::exception& error) {
      fail<DataError>("{}: its first object is not what a controller writes: {}", request.record.string(),
                      error.what());
    }
  }();
  const auto path = request.model.empty() ? std::filesystem::path(recorded.model) : request.model;
  if (path.empty()) throw RequestError("model", "replay: the record does not say which model it is of: name it");
  const auto model = load_world_model(path, {.device = job_device(request.device), .read = request.read});
  recorded.setup.options.job.stop = control.stop;
  const JobThreads threads(recorded.threads);  // sums of another number of parts round otherwise
  planner::ControlCore core = make_core(*model, recorded.setup);
  const planner::Replay played = planner::replay(reader, core, control);
  return {.model = recorded.model,
          .acts = played.acts,
          .searched = played.searched,
          .late = played.late,
          .differing = played.differing,
          .largest = played.largest,
          .first = played.first,
          .cut = played.cut};
}

}  // namespace foresee
