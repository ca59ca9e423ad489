#pragma once

#include "foresee/read_options.h"

namespace CLI {
class App;
}

namespace foresee::tools {

/// Adds what Meta's files do not say of themselves: --weights, --heads, --predictor-heads, --action-heads,
/// --probe-heads,
/// --image-size, --frames, --classifier.
void add_vjepa2_options(CLI::App& app, ReadOptions& options);

}  // namespace foresee::tools
