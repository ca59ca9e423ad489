#include <fmt/ranges.h>

#include <CLI/CLI.hpp>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/format.h"
#include "jepa/io/model_folder.h"
#include "jepa/io/pt_file.h"
#include "jepa/io/safetensors.h"
#include "tools/cli/command.h"

namespace foresee::tools {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// What the headers of one or several files say; no tensor's data is touched.
struct Inventory {
  Json tensors = Json::array();
  Json values = Json::object();  // numbers and texts of .pt files
  Json foreign = Json::array();  // objects that stay unread
  Json metadata = Json::object();
  int64_t elements = 0, bytes = 0;

  void add(const fs::path& file, const std::string& name, at::ScalarType dtype, const std::vector<int64_t>& shape) {
    const int64_t count = c10::multiply_integers(shape);
    elements += count;
    bytes += count * static_cast<int64_t>(c10::elementSize(dtype));
    tensors.push_back(
        {{"name", name}, {"dtype", dtype_text(dtype)}, {"shape", shape}, {"file", file.filename().string()}});
  }

  /// PyTorch's own name: "float32".
  static std::string dtype_text(at::ScalarType dtype) { return c10::getDtypeNames(dtype).first; }
};

void inspect_safetensors(const fs::path& path, Inventory& inventory) {
  const SafetensorsFile file(path);
  for (const auto& [name, entry] : file.entries()) inventory.add(path, name, entry.dtype, entry.shape);
  for (const auto& [key, text] : file.metadata()) inventory.metadata[key] = text;
}

void inspect_pt(const fs::path& path, Inventory& inventory) {
  const PtFile file(path);
  file.for_each([&](const std::string& name, const PickleValue& value) {
    using Kind = PickleValue::Kind;
    if (const auto tensor = file.describe_tensor(value, name)) {
      inventory.add(path, name, tensor->dtype, tensor->shape);
    } else if (value.is(Kind::kInt)) {
      inventory.values[name] = value.integer;
    } else if (value.is(Kind::kBool)) {
      inventory.values[name] = value.integer != 0;
    } else if (value.is(Kind::kFloat)) {
      inventory.values[name] = value.real;
    } else if (value.is(Kind::kString)) {
      inventory.values[name] = value.text;
    }
  });
  for (const auto& text : foreign_values(file)) inventory.foreign.push_back(text);
}

void inspect_file(const fs::path& path, Inventory& inventory) {
  // By structure: a .pt file under another name is still a zip archive. The name decides where nothing is recognised.
  const FileFormat format = file_format(path);
  const std::string extension = path.extension().string();
  const bool pt =
      format == FileFormat::kTorch || format == FileFormat::kPickle ||
      (format == FileFormat::kUnknown && (extension == ".pt" || extension == ".pth" || extension == ".bin"));
  pt ? inspect_pt(path, inventory) : inspect_safetensors(path, inventory);
}

void print_table(const Inventory& inventory) {
  size_t width = 4;
  for (const auto& row : inventory.tensors) width = std::max(width, row["name"].get_ref<const std::string&>().size());
  std::string file;
  for (const auto& row : inventory.tensors) {
    if (row["file"] != file) fmt::print("{}\n", file = row["file"].get<std::string>());
    fmt::print("  {:<{}}  {:<9} [{}]\n", row["name"].get<std::string>(), width, row["dtype"].get<std::string>(),
               fmt::join(row["shape"].get<std::vector<int64_t>>(), ", "));
  }
  for (const auto& [name, value] : inventory.values.items()) fmt::print("  {} = {}\n", name, value.dump());
  for (const auto& [name, value] : inventory.metadata.items()) fmt::print("  {}: {}\n", name, value.get<std::string>());
  for (const auto& text : inventory.foreign) fmt::print("  not read: {}\n", text.get<std::string>());
  fmt::print("{} tensors, {} numbers, {:.3f} GB\n", inventory.tensors.size(), inventory.elements,
             static_cast<double>(inventory.bytes) / 1e9);
}

int inspect(const fs::path& path, const CommonOptions& common) {
  Inventory inventory;
  std::string family;
  if (fs::is_directory(path)) {
    for (const auto& file : weight_files(resolve_model_folder(path))) inspect_file(file, inventory);
    if (const auto config = resolve_model_folder(path) / "config.json"; fs::exists(config)) {
      const auto object = read_json(config);
      for (const char* key : {"family", "model_type", "_target_"})
        if (object.is_object() && object.contains(key)) family = object[key].dump();
    }
  } else {
    if (!fs::exists(path)) fail<CheckpointError>("{}: no such file or folder", path.string());
    inspect_file(path, inventory);
  }
  if (!common.json) {
    if (!family.empty()) fmt::print("a model of family {}\n", family);
    print_table(inventory);
    return 0;
  }
  print_json({{"path", path.string()},
              {"tensors", inventory.tensors},
              {"count", inventory.tensors.size()},
              {"elements", inventory.elements},
              {"bytes", inventory.bytes},
              {"values", inventory.values},
              {"metadata", inventory.metadata},
              {"foreign", inventory.foreign}});
  return 0;
}

}  // namespace

Run setup_inspect(CLI::App& app, CommonOptions& common) {
  auto path = std::make_shared<fs::path>();
  app.add_option("path", *path,
                 "A .safetensors or .pt file, a model folder (ours, Hugging Face's, stable-worldmodel's), a run")
      ->required();
  return [=, &common] { return inspect(*path, common); };
}

}  // namespace foresee::tools
