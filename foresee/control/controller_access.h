#pragma once

#include <memory>

#include "foresee/controller.h"
#include "jepa/model/world_model.h"

namespace foresee {

/// What jobs do with a Controller beyond its own door: make one of a model that is loaded already, and look inside.
struct ControllerAccess {
  static Controller open(const Controller::Options& options, std::shared_ptr<const WorldModel> model) {
    return Controller(options, std::move(model));
  }
  /// What the model imagined along a problem's last plan: float [H, ...], as WorldModel::rollout. @pre Options::judge.
  static Tensor imagined(const Controller& controller, int64_t problem = 0);
};

}  // namespace foresee
