#include <fmt/ranges.h>

#include <CLI/CLI.hpp>

#include "foresee/inspect.h"
#include "tools/cli/command.h"

namespace foresee::tools {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const InspectedValue& value) {
  return std::visit([](const auto& plain) { return Json(plain); }, value);
}

void print_table(const InspectResult& found) {
  if (!found.declared.empty()) fmt::print("a model of family {}\n", found.declared);
  if (!found.pictures.empty()) {
    fmt::print("pictures\n");
    for (const auto& [key, value] : Json::parse(found.pictures).items()) fmt::print("  {} = {}\n", key, value.dump());
  }
  size_t width = 4;
  for (const auto& tensor : found.tensors) width = std::max(width, tensor.name.size());
  std::string file;
  for (const auto& [name, dtype, shape, of] : found.tensors) {
    if (of != file) fmt::print("{}\n", file = of);
    fmt::print("  {:<{}}  {:<9} [{}]\n", name, width, dtype, fmt::join(shape, ", "));
  }
  for (const auto& [name, value] : found.values) fmt::print("  {} = {}\n", name, json_of(value).dump());
  for (const auto& [name, value] : found.metadata) fmt::print("  {}: {}\n", name, value);
  for (const auto& text : found.foreign) fmt::print("  not read: {}\n", text);
  fmt::print("{} tensors, {} numbers, {:.3f} GB\n", found.tensors.size(), found.elements,
             static_cast<double>(found.bytes) / 1e9);
}

Json to_json(const InspectResult& found, const std::string& path) {
  Json tensors = Json::array(), values = Json::object(), metadata = Json::object();
  for (const auto& [name, dtype, shape, file] : found.tensors)
    tensors.push_back({{"name", name}, {"dtype", dtype}, {"shape", shape}, {"file", file}});
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
          {"foreign", Json(found.foreign)}};
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
