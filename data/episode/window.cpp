#include "data/episode/window.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "jepa/core/error.h"

namespace foresee::data {

TensorMap read_window(const EpisodeSource& source, int64_t episode, int64_t row, const DeltaTimestamps& deltas_s,
                      double fps, double tolerance_s) {
  if (fps == 0) fps = source.info().fps.value_or(0);
  FORESEE_CHECK(fps > 0, "{}: its format does not say how many rows a second has; give fps", source.path().string());
  const int64_t length = source.length(episode);
  FORESEE_CHECK(row >= 0 && row < length, "expected a row of 0..{}, got {}", length, row);
  TensorMap out;
  for (const auto& [name, deltas] : deltas_s) {
    const bool picture = source.column(name).picture();
    std::vector<Tensor> rows;
    Tensor padding = at::zeros({static_cast<int64_t>(deltas.size())}, at::kBool);
    for (size_t i = 0; i < deltas.size(); ++i) {
      const auto steps = std::llround(deltas[i] * fps);
      if (std::abs(static_cast<double>(steps) / fps - deltas[i]) > tolerance_s)
        fail<DataError>("{} s is no whole number of rows at {} rows a second (nearest {:.6f} s, tolerance {} s; '{}')",
                        deltas[i], fps, static_cast<double>(steps) / fps, tolerance_s, name);
      const int64_t wanted = row + steps, taken = std::clamp<int64_t>(wanted, 0, length - 1);
      padding.data_ptr<bool>()[i] = wanted != taken;
      const Tensor value = source.read(episode, name, taken, 1);
      rows.push_back(picture ? value.permute({0, 3, 1, 2}) : value);
    }
    out[name + "_is_pad"] = padding;
    out[name] = rows.empty() ? at::empty({0}) : at::cat(rows).contiguous();
  }
  return out;
}

}  // namespace foresee::data
