#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "foresee/inspect.h"
#include "tools/cli/command.h"
#include "tools/start/streams.h"

namespace foresee::tools {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const InspectedValue& value) {
  return std::visit([](const auto& plain) { return Json(plain); }, value);
}

/// "--heads N --predictor-heads N".
std::string flags_of(const Opening& opening) {
  std::string flags;
  for (std::string option : opening.options) {
    std::replace(option.begin(), option.end(), '_', '-');
    flags += fmt::format("{}--{}{}", flags.empty() ? "" : " ", option, option == "allow-nan" ? "" : " N");
  }
  return flags;
}

/// What there is to say of a row behind its shape.
std::string remark_of(const TensorInfo& tensor) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "  " : ", ") + part; };
  if (!tensor.unread.empty()) add("not read: " + tensor.unread);
  if (tensor.nan > 0) add(fmt::format("{} NaN", tensor.nan));
  if (tensor.infinite > 0) add(fmt::format("{} infinite", tensor.infinite));
  return text;
}

void print_openings(const InspectResult& found) {
  for (const Opening& opening : found.openings)
    if (opening.problem.empty())
      print_line("opens as {}{}{}", opening.family, opening.options.empty() ? "" : " with ", flags_of(opening));
    else
      print_line("looks like {}, but does not open: {}", opening.family, opening.problem);
  if (found.openings.empty()) print_line("opens as no family of models");
}

void print_table(const InspectResult& found) {
  if (!found.declared.empty()) print_line("a model of family {}", found.declared);
  if (!found.pictures.empty()) {
    print_line("pictures");
    const Json pictures = Json::parse(found.pictures);
    for (const auto& [key, value] : pictures.items()) print_line("  {} = {}", key, value.dump());
  }
  size_t width = 4;
  constexpr size_t kWidest = 80;  // longer names push their row aside, not all rows
  for (const auto& tensor : found.tensors) width = std::max(width, std::min(tensor.name.size(), kWidest));
  std::string file;
  for (const TensorInfo& tensor : found.tensors) {
    if (tensor.file != file) print_line("{}", file = tensor.file);
    print_line("  {:<{}}  {:<9} [{}]{}", tensor.name, width, tensor.dtype, fmt::join(tensor.shape, ", "),
               remark_of(tensor));
  }
  for (const auto& [name, value] : found.values) print_line("  {} = {}", name, json_of(value).dump());
  for (const auto& [name, value] : found.metadata) print_line("  {}: {}", name, value);
  for (const auto& text : found.foreign) print_line("  not read: {}", text);
  print_line("{} tensors, {} numbers, {:.3f} GB", found.tensors.size(), found.elements,
             static_cast<double>(found.bytes) / 1e9);
  for (const auto& note : found.notes) print_line("{}", note);
  print_openings(found);
}

Json to_json(const InspectResult& found, const std::string& path) {
  Json tensors = Json::array(), values = Json::object(), metadata = Json::object();
  for (const TensorInfo& tensor : found.tensors) {
    Json row{{"name", tensor.name}, {"dtype", tensor.dtype}, {"shape", tensor.shape}, {"file", tensor.file}};
    if (!tensor.unread.empty()) row["not_read"] = tensor.unread;
    if (tensor.nan > 0) row["nan"] = tensor.nan;
    if (tensor.infinite > 0) row["infinite"] = tensor.infinite;
    tensors.push_back(std::move(row));
  }
  Json opens = Json::array();
  for (const Opening& opening : found.openings) {
    Json row{{"family", opening.family}, {"options", opening.options}};
    if (!opening.problem.empty()) row["problem"] = opening.problem;
    opens.push_back(std::move(row));
  }
  for (const auto& [name, value] : found.values) values[name] = json_of(value);
  for (const auto& [name, value] : found.metadata) metadata[name] = value;
  return {{"path", path},
          {"pictures", found.pictures.empty() ? Json() : Json::parse(found.pictures)},
          {"tensors", tensors},
          {"count", tensors.size()},
          {"elements", found.elements},
          {"bytes", found.bytes},
          {"values", values},
          {"metadata", metadata},
          {"foreign", Json(found.foreign)},
          {"opens", opens},
          {"notes", Json(found.notes)}};
}

}  // namespace

Run setup_inspect(CLI::App& app, CommonOptions& common) {
  auto path = std::make_shared<std::filesystem::path>();
  app.add_option("path", *path,
                 "A .safetensors or .pt file, a model folder (ours, Hugging Face's, stable-worldmodel's), a run")
      ->required();
  return [=, &common] {
    const InspectResult found = inspect({.path = *path}, common.control);
    common.json ? print_json(to_json(found, path->string())) : print_table(found);
    return 0;
  };
}

}  // namespace foresee::tools
