#include <fmt/ranges.h>

#include <CLI/CLI.hpp>

#include "foresee/inspect.h"
#include "tools/cli/command.h"
#include "tools/start/streams.h"

namespace foresee::tools {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const InspectedValue& value) {
  return std::visit([](const auto& plain) { return Json(plain); }, value);
}

void print_table(const InspectResult& found) {
  if (!found.declared.empty()) print_line("a model of family {}", found.declared);
  size_t width = 4;
  constexpr size_t kWidest = 80;  // longer names push their row aside, not all rows
  for (const auto& tensor : found.tensors) width = std::max(width, std::min(tensor.name.size(), kWidest));
  std::string file;
  for (const auto& [name, dtype, shape, of] : found.tensors) {
    if (of != file) print_line("{}", file = of);
    print_line("  {:<{}}  {:<9} [{}]", name, width, dtype, fmt::join(shape, ", "));
  }
  for (const auto& [name, value] : found.values) print_line("  {} = {}", name, json_of(value).dump());
  for (const auto& [name, value] : found.metadata) print_line("  {}: {}", name, value);
  for (const auto& text : found.foreign) print_line("  not read: {}", text);
  print_line("{} tensors, {} numbers, {:.3f} GB", found.tensors.size(), found.elements,
             static_cast<double>(found.bytes) / 1e9);
}

Json to_json(const InspectResult& found, const std::string& path) {
  Json tensors = Json::array(), values = Json::object(), metadata = Json::object();
  for (const auto& [name, dtype, shape, file] : found.tensors)
    tensors.push_back({{"name", name}, {"dtype", dtype}, {"shape", shape}, {"file", file}});
  for (const auto& [name, value] : found.values) values[name] = json_of(value);
  for (const auto& [name, value] : found.metadata) metadata[name] = value;
  return {{"path", path},         {"tensors", tensors}, {"count", tensors.size()}, {"elements", found.elements},
          {"bytes", found.bytes}, {"values", values},   {"metadata", metadata},    {"foreign", Json(found.foreign)}};
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
