#pragma once

namespace foresee {

/// How a picture of any shape becomes one of the size that is wanted.
enum class PictureRule {
  kResize,  // the whole picture, squeezed or stretched
  kCrop,    // its central part of the wanted shape
  kPad,     // the whole picture in its own shape, with black around it
};

}  // namespace foresee
