#pragma once

#include "foresee/read_options.h"

namespace CLI {
class App;
}

namespace foresee::tools {

/// Adds what files do not say of themselves, the same for every command that opens one: --weights, --heads,
/// --predictor-heads, --action-heads, --probe-heads, --image-size, --frames, --classifier, --use-extrinsics,
/// --allow-nan. Those that the command has already, with a meaning of its own, are left as they are.
void add_vjepa2_options(CLI::App& app, ReadOptions& options);

}  // namespace foresee::tools
