#include "foresee/evaluate/offline/task.h"

namespace foresee {

void describe(Fields& fields, OfflineConfig& config) {
  fields("starts", config.starts, "recorded sequences that are judged, of all episodes together", {2, 100000});
  fields("horizon", config.horizon, "action blocks of the longest sequence", {1, 50});
  fields("samples", config.samples, "candidates of an iteration, and as many other recorded sequences", {2, 100000});
  fields("iterations", config.iterations, "iterations of a search", {1, 1000});
  fields("elites", config.elites, "cheapest candidates that the next iteration is drawn around", {2, 100000});
  fields("init_std", config.init_std, "first deviation of the search, normalised actions", {1e-6, 1000});
}

}  // namespace foresee
