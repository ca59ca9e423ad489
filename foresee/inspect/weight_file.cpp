#include "foresee/inspect/inspect_run.h"
#include "jepa/core/files/format.h"
#include "jepa/core/torch.h"
#include "jepa/io/pt_file.h"
#include "jepa/io/safetensors.h"

namespace foresee {
namespace fs = std::filesystem;
namespace {

void add_tensor(InspectResult& result, const fs::path& file, const std::string& name, at::ScalarType dtype,
                const std::vector<int64_t>& shape) {
  const int64_t count = c10::multiply_integers(shape);
  result.elements += count;
  result.bytes += count * static_cast<int64_t>(c10::elementSize(dtype));
  result.tensors.push_back({name, c10::getDtypeNames(dtype).first, shape, file.filename().string()});
}

void add_safetensors(InspectResult& result, const fs::path& path) {
  const SafetensorsFile file(path);
  for (const auto& [name, entry] : file.entries()) add_tensor(result, path, name, entry.dtype, entry.shape);
  for (const auto& [key, text] : file.metadata()) result.metadata.emplace_back(key, text);
}

void add_pt(InspectResult& result, const fs::path& path) {
  const PtFile file(path);
  file.for_each([&](const std::string& name, const PickleValue& value) {
    using Kind = PickleValue::Kind;
    if (const auto tensor = file.describe_tensor(value, name)) {
      add_tensor(result, path, name, tensor->dtype, tensor->shape);
    } else if (value.is(Kind::kInt)) {
      result.values.emplace_back(name, value.integer);
    } else if (value.is(Kind::kBool)) {
      result.values.emplace_back(name, value.integer != 0);
    } else if (value.is(Kind::kFloat)) {
      result.values.emplace_back(name, value.real);
    } else if (value.is(Kind::kString)) {
      result.values.emplace_back(name, std::string(value.text));
    }
  });
  for (const auto& text : foreign_values(file)) result.foreign.emplace_back(text);
}

}  // namespace

void add_file(InspectResult& result, const fs::path& file) {
  // By structure: a .pt file under another name is still a zip archive. The name decides where nothing is recognised.
  const FileFormat format = file_format(file);
  const std::string extension = file.extension().string();
  const bool pt =
      format == FileFormat::kTorch || format == FileFormat::kPickle ||
      (format == FileFormat::kUnknown && (extension == ".pt" || extension == ".pth" || extension == ".bin"));
  pt ? add_pt(result, file) : add_safetensors(result, file);
}

}  // namespace foresee
