#pragma once

#include <ATen/ATen.h>

#include <algorithm>

#include "data/episode/source.h"

namespace foresee {

/// How a set is opened whose names nobody knows, without a line per column.
inline data::SourceOptions any_columns() {
  data::SourceOptions options;
  options.any_camera = options.quiet = true;
  return options;
}

/// Reads the ends of the first and last episode of a set, every column of them.
inline void read_episodes(const data::EpisodeSource& source) {
  for (const int64_t episode : {int64_t{0}, source.episodes() - 1})
    for (const auto& column : source.info().columns) {
      const int64_t last = source.length(episode) - 1;
      source.read(episode, column.name, 0, 1).sum();
      source.read(episode, column.name, std::max<int64_t>(last - 2, 0), std::min<int64_t>(last + 1, 3)).sum();
      if (column.name == "pixels") source.pictures(episode, column.name, 0, std::max<int64_t>(last, 1), 1).sum();
    }
}

}  // namespace foresee
