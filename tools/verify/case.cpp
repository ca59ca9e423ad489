#include "tools/verify/case.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/io/pt_file.h"
#include "jepa/io/safetensors.h"

namespace foresee::parity {
namespace {

using nlohmann::json;

/// The value at a dotted path ("a.0.b"); numbers index lists. Null when there is none.
const json* lookup(const json& root, const std::string& path) {
  const json* value = &root;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t dot = std::min(path.find('.', begin), path.size());
    const std::string part = path.substr(begin, dot - begin);
    if (value->is_array()) {
      char* end = nullptr;
      const size_t index = std::strtoull(part.c_str(), &end, 10);
      if (*end != '\0' || index >= value->size()) return nullptr;
      value = &(*value)[index];
    } else if (value->is_object() && value->contains(part)) {
      value = &(*value)[part];
    } else {
      return nullptr;
    }
    begin = dot + 1;
  }
  return value;
}

void flatten(const json& value, std::vector<double>& numbers, std::vector<int64_t>& shape, size_t depth) {
  if (!value.is_array()) {
    numbers.push_back(value.is_boolean() ? (value.get<bool>() ? 1.0 : 0.0) : value.get<double>());
    return;
  }
  if (shape.size() <= depth) shape.push_back(static_cast<int64_t>(value.size()));
  for (const auto& element : value) flatten(element, numbers, shape, depth + 1);
}

bool all_numbers(const json& value) {
  if (value.is_array()) return std::all_of(value.begin(), value.end(), all_numbers);
  return value.is_number();
}

/// Numbers of a (nested) list as a double tensor.
Tensor number_tensor(const json& value) {
  std::vector<double> numbers;
  std::vector<int64_t> shape;
  flatten(value, numbers, shape, 0);
  return at::tensor(numbers, at::kDouble).reshape(shape);
}

std::string tolerance_text(const json& entry) {
  std::string text;
  for (const char* name : {"atol", "rtol", "bad_fraction", "hard_atol", "mean_atol"})
    if (entry.contains(name))
      text += fmt::format("{}{} {:g}", text.empty() ? "" : " ", name, entry[name].get<double>());
  return text;
}

/// The rule of tests/fixtures/README.md: |value - ref| <= atol + rtol |ref|, with bad_fraction, hard_atol and
/// mean_atol.
Comparison compare(const std::string& key, const json& entry, const Tensor& actual, const Tensor& expected) {
  Comparison row{.key = key, .tolerance = tolerance_text(entry)};
  if (!actual.defined() || actual.sizes() != expected.sizes()) {
    row.reason = fmt::format("got {}, expected {}", describe(actual), describe(expected));
    return row;
  }
  if (expected.numel() == 0) {
    row.passed = true;
    return row;
  }
  const Tensor value = actual.detach().to(at::kCPU, at::kDouble).contiguous();
  const Tensor reference = expected.to(at::kDouble).contiguous();
  const double atol = entry.value("atol", 0.0), rtol = entry.value("rtol", 0.0);
  const Tensor difference = (value - reference).abs();
  row.max_abs = difference.max().item<double>();
  row.max_rel = (difference / reference.abs().clamp_min(1e-30)).max().item<double>();
  if (!at::isfinite(value).all().item<bool>() && at::isfinite(reference).all().item<bool>()) {
    row.max_abs = row.max_rel = std::numeric_limits<double>::infinity();
    row.reason = "holds NaN or infinity";
    return row;
  }
  const int64_t missed = (difference > atol + rtol * reference.abs()).sum().item<int64_t>();
  const int64_t allowed =
      static_cast<int64_t>(std::floor(entry.value("bad_fraction", 0.0) * static_cast<double>(value.numel())));
  const double hard = entry.value("hard_atol", std::numeric_limits<double>::infinity());
  if (missed > allowed)
    row.reason = fmt::format("{} of {} elements off, {} allowed", missed, value.numel(), allowed);
  else if (missed > 0 && row.max_abs > hard)
    row.reason = fmt::format("an element is off by {:g}, hard_atol {:g}", row.max_abs, hard);
  else if (entry.contains("mean_atol") && difference.mean().item<double>() > entry["mean_atol"].get<double>())
    row.reason = fmt::format("mean difference {:g}", difference.mean().item<double>());
  row.passed = row.reason.empty();
  return row;
}

}  // namespace

Case::Case(std::filesystem::path folder) : folder_(std::move(folder)) {
  const auto path = folder_ / "case.json";
  if (!std::filesystem::exists(path)) fail<DataError>("{}: no case.json: not a case folder", folder_.string());
  json_ = read_json(path);
  for (const char* key : {"kind", "values"})
    if (!json_.is_object() || !json_.contains(key)) fail<DataError>("{}: no '{}': not a case", path.string(), key);
  if (!json_["kind"].is_string() || !json_["values"].is_object())
    fail<DataError>("{}: expected a string 'kind' and an object 'values'", path.string());
}

std::string Case::kind() const { return json_["kind"].get<std::string>(); }

TensorMap Case::file(const std::string& name) const {
  auto found = files_.find(name);
  if (found == files_.end())
    found = files_
                .emplace(name,
                         name.ends_with(".pt") ? all_tensors(PtFile(folder_ / name)) : load_safetensors(folder_ / name))
                .first;
  return found->second;
}

Tensor Case::tensor(const std::string& file_name, const std::string& name) const {
  const auto tensors = file(file_name);
  const auto found = tensors.find(name);
  if (found == tensors.end()) fail<DataError>("{}: no tensor '{}'", (folder_ / file_name).string(), name);
  return found->second;
}

bool Case::has(const std::string& key) const { return json_["values"].contains(key); }

void Case::expect(const std::string& key, const Tensor& value) {
  const auto& values = json_["values"];
  const auto entry = values.find(key);
  if (entry == values.end() || entry->value("role", "") != "expected") return;
  const auto colon = key.find(':');
  done_[key] = compare(key, *entry, value, tensor(key.substr(0, colon), key.substr(colon + 1)));
}

void Case::expect_json(const std::string& path, const nlohmann::json& value) {
  const std::string key = "case.json:" + path;
  const auto& values = json_["values"];
  const auto entry = values.find(key);
  if (entry == values.end() || entry->value("role", "") != "expected") return;
  const nlohmann::json* expected = lookup(json_, path);
  if (expected == nullptr) fail<DataError>("{}: no field '{}'", folder_.string(), path);
  if (all_numbers(*expected) && all_numbers(value) && !expected->is_null() && !value.is_null()) {
    done_[key] = compare(key, *entry, number_tensor(value), number_tensor(*expected));
    return;
  }
  Comparison row{.key = key, .passed = value == *expected, .tolerance = "equal"};
  if (!row.passed) row.reason = fmt::format("got {}, expected {}", value.dump(), expected->dump());
  done_[key] = row;
}

void Case::expect_file(const std::string& name, const std::string& outcome, const TensorMap& tensors) {
  const auto& values = json_["values"];
  const auto entry = values.find(name);
  if (entry == values.end() || entry->value("role", "") != "expected") return;
  const std::string expected = entry->value("expect", "");
  Comparison row{.key = name, .tolerance = "expect " + expected};
  const bool outcome_fits = outcome == expected || outcome == entry->value("also_accepted", "");
  if (!outcome_fits) row.reason = fmt::format("{}, expected {}", outcome, expected);
  if (entry->contains("forbidden_file") && std::filesystem::exists((*entry)["forbidden_file"].get<std::string>()))
    row.reason = "the forbidden file exists: something was executed";
  if (row.reason.empty() && outcome != "refused" && entry->contains("same_as")) {
    const auto keys = entry->value("keys", std::vector<std::string>{""});
    for (const auto& [tensor_name, tensor] : file((*entry)["same_as"].get<std::string>())) {
      const bool compared = std::any_of(keys.begin(), keys.end(), [&](const std::string& key) {
        return key.empty() || tensor_name == key || tensor_name.starts_with(key + ".");
      });
      if (!compared) continue;
      const auto found = tensors.find(tensor_name);
      if (found == tensors.end())
        row.reason = fmt::format("no tensor '{}'", tensor_name);
      else if (found->second.scalar_type() != tensor.scalar_type() || !at::equal(found->second.cpu(), tensor))
        row.reason = fmt::format("tensor '{}' differs", tensor_name);
    }
  }
  row.passed = row.reason.empty();
  done_[name] = row;
}

std::vector<Comparison> Case::results() const {
  std::vector<Comparison> rows;
  for (const auto& [key, entry] : json_["values"].items()) {
    if (entry.value("role", "") != "expected") continue;
    const auto found = done_.find(key);
    rows.push_back(found != done_.end() ? found->second : Comparison{.key = key, .reason = "not covered: " + key});
  }
  return rows;
}

std::vector<std::filesystem::path> case_folders(const std::vector<std::filesystem::path>& paths) {
  std::vector<std::filesystem::path> folders;
  for (const auto& path : paths) {
    if (!std::filesystem::is_directory(path)) fail("{}: no such case folder", path.string());
    std::vector<std::filesystem::path> found;
    if (std::filesystem::exists(path / "case.json")) {
      found.push_back(path);
    } else {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(path))
        if (entry.path().filename() == "case.json") found.push_back(entry.path().parent_path());
      std::sort(found.begin(), found.end());
    }
    if (found.empty()) fail("{}: no case.json in it or below", path.string());
    folders.insert(folders.end(), found.begin(), found.end());
  }
  return folders;
}

std::vector<Comparison> verify_case(const std::filesystem::path& folder, Kind kind) {
  Case recorded(folder);
  try {
    kind(recorded);
    return recorded.results();
  } catch (const nlohmann::json::exception& error) {  // a kind takes dozens of fields of case.json
    const std::string text = error.what();
    fail<DataError>("{}: not as its kind needs it: {}", (folder / "case.json").string(), text.substr(0, 200));
  }
}

}  // namespace foresee::parity
