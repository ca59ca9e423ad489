#include "jepa/train/episode_reading.h"

#include <algorithm>

#include "jepa/core/config.h"

namespace foresee {

std::vector<std::string> EpisodeReading::cameras() const {
  std::vector<std::string> names;
  for (size_t at = 0; at < camera.size();) {
    const size_t end = std::min(camera.find(',', at), camera.size());
    if (end > at) names.push_back(camera.substr(at, end - at));
    at = end + 1;
  }
  return names;
}

void describe(Fields& f, EpisodeReading& r) {
  f("camera", r.camera, "picture column that is learned from, where there are several");
  f("tolerance_s", r.tolerance_s, "how far a film's frame may lie from its row's time, seconds; 0: half a row", {0});
  f("strict", r.strict, "a broken part of the data is an error, instead of being left out");
  f("allow", r.allow, "kinds of findings that are meant so and no error: millimetres, gripper, ...");
  f("hold_out", r.hold_out, "factors whose values are kept from training: two_room.door_position=90..120");
}

}  // namespace foresee
