#pragma once

#include <memory>

#include "foresee/controller.h"
#include "jepa/model/world_model.h"

namespace foresee {

/// Makes a Controller of a model that is loaded already.
struct ControllerAccess {
  static Controller open(const Controller::Options& options, std::shared_ptr<const WorldModel> model) {
    return Controller(options, std::move(model));
  }
};

}  // namespace foresee
