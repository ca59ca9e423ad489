#include "foresee/window.h"

#include <ATen/ATen.h>

#include "data/episode/source.h"
#include "data/episode/window.h"
#include "jepa/core/error.h"

namespace foresee {
namespace {

/// Our name of a column that the request names in either way.
std::string our_name(const data::EpisodeSource& source, const std::string& asked) {
  for (const auto& column : source.info().columns)
    if (column.name == asked || column.origin == asked) return column.name;
  return source.column(asked).name;  // throws: says what there is
}

template <class T>
Array<T> array_of(const Tensor& values) {
  const Tensor plain = values.contiguous();
  return {plain.sizes().vec(), {plain.const_data_ptr<T>(), plain.const_data_ptr<T>() + plain.numel()}};
}

}  // namespace

std::map<std::string, WindowColumn> read_window(const WindowRequest& request) {
  if (request.deltas_s.empty()) fail("read_window: expected at least one column with its times");
  const auto source = data::open_source(request.data, {.camera = request.camera});
  if (request.episode < 0 || request.episode >= source->episodes())
    fail<DataError>("{}: episode {} is not there; the set has {}", request.data.string(), request.episode,
                    source->episodes());
  std::map<std::string, WindowColumn> out;
  for (const auto& [asked, deltas] : request.deltas_s) {
    const std::string name = our_name(*source, asked);
    const TensorMap rows =
        data::read_window(*source, request.episode, request.row, {{name, deltas}}, request.fps, request.tolerance_s);
    WindowColumn column;
    const Tensor padding = rows.at(name + "_is_pad");
    for (int64_t i = 0; i < padding.numel(); ++i) column.is_pad.push_back(padding[i].item<bool>());
    if (source->column(name).picture())
      column.pictures = array_of<uint8_t>(rows.at(name));
    else
      column.numbers = array_of<double>(rows.at(name).to(at::kDouble));
    out.emplace(asked, std::move(column));
  }
  return out;
}

}  // namespace foresee
