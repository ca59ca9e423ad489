#include <ATen/ATen.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "foresee/window.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/io/safetensors.h"
#include "tools/cli/data/data_commands.h"
#include "tools/cli/options/hints.h"

namespace foresee::tools {
namespace {

/// "proprio=-0.2,-0.1,0".
void take_deltas(const std::string& text, WindowRequest& request) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) fail("--delta: expected COLUMN=SECONDS,SECONDS,..., got '{}'", text);
  std::vector<double> times;
  for (size_t at = equals + 1; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    double value = 0;
    if (!CLI::detail::lexical_cast(text.substr(at, end - at), value))
      fail("--delta: '{}' is no number of seconds (in '{}')", text.substr(at, end - at), text);
    times.push_back(value);
    at = end + 1;
  }
  request.deltas_s[text.substr(0, equals)] = std::move(times);
}

void write_columns(const std::map<std::string, WindowColumn>& columns, const Output& place) {
  TensorMap tensors;
  for (const auto& [name, column] : columns) {
    Tensor padding = at::empty({static_cast<int64_t>(column.is_pad.size())}, at::kBool);
    for (size_t i = 0; i < column.is_pad.size(); ++i) padding.data_ptr<bool>()[i] = column.is_pad[i];
    tensors[name + "_is_pad"] = padding;
    tensors[name] = column.pictures.shape.empty()
                        ? at::tensor(column.numbers.values, at::kDouble).reshape(column.numbers.shape)
                        : at::tensor(column.pictures.values, at::kByte).reshape(column.pictures.shape);
  }
  save_safetensors(place.staged(), tensors);
}

int window(const WindowRequest& request, const CommonOptions& common) {
  if (!common.out) fail("data window: --out FILE.safetensors is missing");
  Output place = Output::file(*common.out, FileFormat::kSafetensors, output_rules(common, {}, {request.data}));
  const auto columns = with_hints({{"several cameras", "--camera NAME"}}, [&] { return read_window(request); });
  write_columns(columns, place);
  place.commit();
  if (!common.json) {
    log_info("{}: {} columns", common.out->string(), columns.size());
    return 0;
  }
  nlohmann::ordered_json object;
  for (const auto& [name, column] : columns) {
    const bool picture = !column.pictures.shape.empty();
    object[name] = {{"shape", picture ? column.pictures.shape : column.numbers.shape}, {"is_pad", column.is_pad}};
    if (!picture) object[name]["values"] = column.numbers.values;
  }
  print_json({{"out", common.out->string()}, {"columns", object}});
  return 0;
}

}  // namespace

Run setup_data_window(CLI::App& app, CommonOptions& common) {
  const auto request = std::make_shared<WindowRequest>();
  const auto deltas = std::make_shared<std::vector<std::string>>();
  app.add_option("set", request->data, "A set of episodes, of any format that is read")->required();
  app.add_option("--delta", *deltas, "COLUMN=SECONDS,SECONDS,...: rows to read, relative to --row")
      ->required()
      ->option_text("COLUMN=S,S...");
  app.add_option("--episode", request->episode, "Place of the episode in the set, from 0")->capture_default_str();
  app.add_option("--row", request->row, "Row of the episode")->capture_default_str();
  app.add_option("--camera", request->camera, "Which camera is \"pixels\"");
  app.add_option("--fps", request->fps, "Rows per second (default: what the set says)")->check(CLI::PositiveNumber);
  app.add_option("--tolerance-s", request->tolerance_s, "How far a time may lie from a whole row, seconds")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add_overwrite(app, common);
  return [=, &common] {
    for (const auto& text : *deltas) take_deltas(text, *request);
    return window(*request, common);
  };
}

}  // namespace foresee::tools
