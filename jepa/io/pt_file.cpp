#include "jepa/io/pt_file.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <utility>

#include "jepa/core/error.h"
#include "jepa/core/files/file.h"
#include "jepa/core/files/format.h"
#include "jepa/core/text/name_list.h"

namespace foresee {
namespace {

using Kind = PickleValue::Kind;

// A sound file is read two or three times over: described, checked, copied.
constexpr uint64_t kTensorBytesPerByte = 8, kTextBytesPerByte = 16;

constexpr std::array<std::pair<std::string_view, at::ScalarType>, 12> kStorages{{
    {"FloatStorage", at::kFloat},
    {"DoubleStorage", at::kDouble},
    {"HalfStorage", at::kHalf},
    {"BFloat16Storage", at::kBFloat16},
    {"LongStorage", at::kLong},
    {"IntStorage", at::kInt},
    {"ShortStorage", at::kShort},
    {"CharStorage", at::kChar},
    {"ByteStorage", at::kByte},
    {"BoolStorage", at::kBool},
    {"ComplexFloatStorage", at::kComplexFloat},
    {"ComplexDoubleStorage", at::kComplexDouble},
}};
constexpr std::array<std::pair<std::string_view, at::ScalarType>, 23> kTorchDtypes{{
    {"float32", at::kFloat},
    {"float", at::kFloat},
    {"float64", at::kDouble},
    {"double", at::kDouble},
    {"float16", at::kHalf},
    {"half", at::kHalf},
    {"bfloat16", at::kBFloat16},
    {"int64", at::kLong},
    {"long", at::kLong},
    {"int32", at::kInt},
    {"int", at::kInt},
    {"int16", at::kShort},
    {"int8", at::kChar},
    {"uint8", at::kByte},
    {"bool", at::kBool},
    {"uint16", at::kUInt16},
    {"uint32", at::kUInt32},
    {"uint64", at::kUInt64},
    {"complex64", at::kComplexFloat},
    {"complex128", at::kComplexDouble},
    {"float8_e4m3fn", at::kFloat8_e4m3fn},
    {"float8_e5m2", at::kFloat8_e5m2},
    {"cfloat", at::kComplexFloat},
}};

template <size_t N>
std::optional<at::ScalarType> lookup(const std::array<std::pair<std::string_view, at::ScalarType>, N>& table,
                                     std::string_view name) {
  for (const auto& [text, dtype] : table)
    if (text == name) return dtype;
  return std::nullopt;
}

/// A zip to begin with, or what else it is. Zip archives begin with a member's header.
const std::filesystem::path& check_beginning(const std::filesystem::path& path) {
  std::error_code code;
  if (std::filesystem::is_directory(path, code))
    fail<CheckpointError>("{}: is a folder, expected a .pt file", path.string());
  if (const auto reason = why_not_a_file(path)) fail<CheckpointError>("{}: {}", path.string(), *reason);
  std::array<char, 64> buffer{};
  std::ifstream file(path, std::ios::binary);
  if (!file) fail_errno(path, "open");
  file.read(buffer.data(), buffer.size());
  const std::string_view begin(buffer.data(), static_cast<size_t>(file.gcount()));
  const FileFormat format = file_format(path);
  if (format == FileFormat::kTorch || format == FileFormat::kNpz) return path;  // a zip archive
  if (format == FileFormat::kSafetensors)
    fail<CheckpointError>("{}: is a safetensors file, expected one of torch.save", path.string());
  if (format == FileFormat::kPickle)
    fail<CheckpointError>(
        "{}: written in the format before PyTorch 1.6, a bare pickle, which is not read; write it anew in Python: "
        "torch.save(torch.load(PATH, weights_only=True), NEW_PATH)",
        path.string());
  if (begin.starts_with("version https://git-lfs"))
    fail<CheckpointError>("{}: is a Git LFS pointer: fetch the file itself", path.string());
  fail<CheckpointError>("{}: not a file of torch.save: it does not begin as a zip archive", path.string());
}

std::string top_folder(const ZipFile& zip, const std::filesystem::path& path) {
  const std::string pickle = "data.pkl";
  for (const std::string& name : zip.names()) {
    const size_t slash = name.find('/');
    if (slash != std::string::npos && name.substr(slash + 1) == pickle) return name.substr(0, slash + 1);
  }
  fail<CheckpointError>("{}: a zip archive, but not of torch.save: it has no data.pkl", path.string());
}

Pickle read_pickle(const ZipFile& zip, const std::string& folder, const std::filesystem::path& path) {
  if (zip.has(folder + "constants.pkl"))
    fail<CheckpointError>("{}: a TorchScript archive, expected a checkpoint of torch.save", path.string());
  if (zip.has(folder + "byteorder") && zip.member(folder + "byteorder") != "little")
    fail<CheckpointError>("{}: written on a big-endian machine, which is not read", path.string());
  return Pickle(zip.member(folder + "data.pkl"), path.string());
}

/// Sizes or strides: a tuple or torch.Size of numbers from 0.
std::optional<std::vector<int64_t>> numbers(const PickleValue& value) {
  const PickleValue* tuple = &value;
  if (value.is(Kind::kCall) && value.qualified_name() == "torch.Size" && value.items[1]->items.size() == 1)
    tuple = value.items[1]->items[0];
  if (!tuple->is(Kind::kTuple) && !tuple->is(Kind::kList)) return std::nullopt;
  std::vector<int64_t> result;
  for (const PickleValue* item : tuple->items) {
    if (!item->is(Kind::kInt) || item->integer < 0) return std::nullopt;
    result.push_back(item->integer);
  }
  return result;
}

/// The call that builds a tensor, out of those that wrap it (parameters, subclasses); nothing where the value builds
/// none.
struct Rebuild {
  std::string function;
  const PickleValue* arguments;

  /// Whether it is one of the plain kinds, which are read.
  bool plain() const {
    return function == "torch._utils._rebuild_tensor" || function == "torch._utils._rebuild_tensor_v2" ||
           function == "torch._utils._rebuild_tensor_v3";
  }
};
std::optional<Rebuild> find_rebuild(const PickleValue& value) {
  const PickleValue* current = &value;
  while (current->is(Kind::kCall)) {  // ends: the pickle's depth is limited
    const std::string name = current->qualified_name();
    const auto& arguments = current->items[1]->items;
    if (name == "torch._tensor._rebuild_from_type_v2" && arguments.size() == 4) {
      const std::string function = arguments[0]->qualified_name();
      if (arguments[0]->is(Kind::kGlobal) && arguments[2]->is(Kind::kTuple) &&
          function.starts_with("torch._utils._rebuild_"))
        return Rebuild{function, arguments[2]};
      return std::nullopt;
    }
    if (!name.starts_with("torch._utils._rebuild_")) return std::nullopt;
    if (!name.starts_with("torch._utils._rebuild_parameter")) return Rebuild{name, current->items[1]};
    if (arguments.empty()) return std::nullopt;
    current = arguments.front();
  }
  return std::nullopt;
}

/// What a tensor is that is not plain: "a quantised tensor".
std::string kind_of(const Rebuild& rebuild) {
  constexpr std::pair<std::string_view, std::string_view> kKinds[] = {{"qtensor", "a quantised tensor"},
                                                                      {"sparse", "a sparse tensor"},
                                                                      {"nested", "a nested tensor"},
                                                                      {"meta", "a meta tensor without numbers"}};
  for (const auto& [part, kind] : kKinds)
    if (rebuild.function.find(part) != std::string::npos) return std::string(kind);
  return "a tensor of " + rebuild.function;
}

/// Elements of a storage that a view reaches, or nothing where that is beyond any storage.
std::optional<int64_t> reach(const PtTensor& tensor) {
  int64_t last = tensor.offset;
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    if (tensor.shape[i] == 0) return 0;
    int64_t step = 0;
    if (__builtin_mul_overflow(tensor.shape[i] - 1, tensor.strides[i], &step) ||
        __builtin_add_overflow(last, step, &last))
      return std::nullopt;
  }
  return last == std::numeric_limits<int64_t>::max() ? std::nullopt : std::optional(last + 1);
}

/// Elements of a shape; nothing where that, or what LibTorch multiplies on the way, overflows.
std::optional<int64_t> element_count(const std::vector<int64_t>& shape) {
  int64_t count = 1, extent = 16;  // 16: bytes of the widest dtype
  for (const int64_t size : shape) {
    if (__builtin_mul_overflow(extent, std::max<int64_t>(size, 1), &extent)) return std::nullopt;
    count *= size;
  }
  return count;
}

}  // namespace

PtFile::PtFile(const std::filesystem::path& path)
    : path_(check_beginning(path)),
      zip_(path),
      folder_(top_folder(zip_, path)),
      pickle_(read_pickle(zip_, folder_, path)),
      tensors_budget_(path.string(), zip_.size(), kTensorBytesPerByte) {}

const PickleValue& PtFile::at(const std::string& key) const {
  if (const PickleValue* value = root().find(key)) return *value;
  std::vector<std::string> keys;
  if (root().is(Kind::kDict))
    for (size_t i = 0; i < root().items.size(); i += 2)
      if (root().items[i]->is(Kind::kString)) keys.emplace_back(root().items[i]->text);
  fail<CheckpointError>("{}: no key '{}'; it holds {}", path_.string(), key,
                        root().is(Kind::kDict) ? name_list(keys) : root().describe());
}

std::optional<PtTensor> PtFile::describe_tensor(const PickleValue& value, const std::string& name) const {
  const auto rebuild = find_rebuild(value);
  if (!rebuild) return std::nullopt;
  const auto refuse = [&](const std::string& reason) {
    fail<CheckpointError>("{}: tensor '{}': {}", path_.string(), name, reason);
  };
  if (!rebuild->plain()) refuse(kind_of(*rebuild) + ", which is not read");
  const auto& arguments = rebuild->arguments->items;
  const bool third = rebuild->function.ends_with("_v3");
  if (arguments.size() < (third ? 7u : 4u) || !arguments[0]->is(Kind::kPersistent) || !arguments[1]->is(Kind::kInt))
    refuse("unknown arguments");

  // What pickles a storage: ("storage", class, key, device, elements).
  const auto& storage = arguments[0]->items[0]->items;
  if (storage.size() < 5 || !storage[1]->is(Kind::kGlobal) || !storage[2]->is(Kind::kString) ||
      !storage[4]->is(Kind::kInt))
    refuse("its storage is not one of torch.save");
  auto dtype = lookup(kStorages, storage[1]->text);
  const bool untyped = storage[1]->text == "UntypedStorage";
  if (third) {
    dtype = arguments[6]->is(Kind::kGlobal) ? lookup(kTorchDtypes, arguments[6]->text) : std::nullopt;
    if (!dtype) refuse("dtype " + arguments[6]->qualified_name() + " is not read");
  } else if (!dtype) {
    refuse("storage " + storage[1]->qualified_name() + " is not read");
  }
  const size_t metadata = third ? 7 : 6;  // of a conjugate or negated view
  if (arguments.size() > metadata && arguments[metadata]->is(Kind::kDict) && !arguments[metadata]->items.empty())
    refuse("conjugate and negated views are not read");

  PtTensor tensor{.dtype = *dtype, .shape = {}, .strides = {}, .offset = arguments[1]->integer, .record = {}};
  auto shape = numbers(*arguments[2]), strides = numbers(*arguments[3]);
  if (!shape || !strides || shape->size() != strides->size() || shape->size() > 64 || tensor.offset < 0)
    refuse("expected sizes, strides and an offset from 0");
  tensor.shape = std::move(*shape);
  tensor.strides = std::move(*strides);
  tensor.record = std::string(storage[2]->text);
  if (!zip_.has(folder_ + "data/" + tensor.record)) refuse("its storage '" + tensor.record + "' is not in the file");
  tensor.storage = zip_.member(folder_ + "data/" + tensor.record);

  const auto item_bytes = static_cast<int64_t>(c10::elementSize(*dtype));
  const int64_t stored = static_cast<int64_t>(tensor.storage.size()) / item_bytes;
  const int64_t claimed = untyped ? storage[4]->integer / item_bytes : storage[4]->integer;
  if (claimed < 0 || claimed > stored)
    refuse(fmt::format("its storage claims {} elements, the file holds {}", claimed, stored));
  const auto count = element_count(tensor.shape), needed = reach(tensor);
  if (!count || !needed || *needed > claimed)
    refuse(fmt::format("a view of [{}] with strides [{}] from {} reaches beyond its storage of {} elements",
                       fmt::join(tensor.shape, ", "), fmt::join(tensor.strides, ", "), tensor.offset, claimed));
  // A stride of 0 makes a large tensor of a small file: harmless as a view, not as a copy.
  constexpr int64_t kMaxExpanded = 1 << 24;
  if (*count > std::max(stored, kMaxExpanded)) refuse(fmt::format("{} elements from a storage of {}", *count, stored));
  return tensor;
}

Tensor PtFile::tensor(const PickleValue& value, const std::string& name) const {
  const auto entry = describe_tensor(value, name);
  if (!entry) fail<CheckpointError>("{}: expected a tensor at '{}', got {}", path_.string(), name, value.describe());
  const auto options = at::TensorOptions().dtype(entry->dtype);
  if (std::find(entry->shape.begin(), entry->shape.end(), 0) != entry->shape.end())
    return at::empty(entry->shape, options);
  const auto item_bytes = c10::elementSize(entry->dtype);
  tensors_budget_.take<CheckpointError>(static_cast<uint64_t>(*element_count(entry->shape)) * item_bytes,
                                        "its tensors");
  auto* begin = const_cast<char*>(entry->storage.data()) + static_cast<size_t>(entry->offset) * item_bytes;
  const auto view = [&](at::ScalarType dtype) {
    return at::from_blob(
        begin, entry->shape, entry->strides, [keep = zip_.mapping()](void*) {}, options.dtype(dtype));
  };
  if (entry->dtype == at::kBool) return view(at::kByte).ne(0);  // a bool must be 0 or 1, a byte of a file may be any
  if (reinterpret_cast<uintptr_t>(begin) % item_bytes == 0) return view(entry->dtype);
  // Not aligned (no writer of torch does this): the storage is copied first.
  const auto bytes =
      static_cast<int64_t>(entry->storage.size()) / static_cast<int64_t>(item_bytes) * static_cast<int64_t>(item_bytes);
  const Tensor whole = at::empty({bytes / static_cast<int64_t>(item_bytes)}, options);
  std::copy_n(entry->storage.data(), bytes, static_cast<char*>(whole.data_ptr()));
  return whole.as_strided(entry->shape, entry->strides, entry->offset).clone();
}

TensorMap PtFile::tensors(const PickleValue& dict, const std::string& name) const {
  if (!dict.is(Kind::kDict))
    fail<CheckpointError>("{}: expected a dict of tensors at '{}', got {}", path_.string(), name, dict.describe());
  TensorMap tensors;
  for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
    const PickleValue& key = *dict.items[i];
    if (!key.is(Kind::kString))
      fail<CheckpointError>("{}: expected names as keys of '{}', got {}", path_.string(), name, key.describe());
    tensors.insert_or_assign(std::string(key.text), tensor(*dict.items[i + 1], name + "." + std::string(key.text)));
  }
  return tensors;
}

void PtFile::for_each(const std::function<void(const std::string&, const PickleValue&)>& visit) const {
  constexpr size_t kMaxVisits = 1'000'000, kMaxLevels = 200, kMaxPath = 4096;
  size_t visits = 0;
  std::vector<const PickleValue*> around;                             // what the present value lies in
  ReadBudget budget(path_.string(), zip_.size(), kTextBytesPerByte);  // a text is stored once, and found in many places
  const std::function<void(const std::string&, const PickleValue&, size_t)> walk = [&](const std::string& path,
                                                                                       const PickleValue& value,
                                                                                       size_t level) {
    // A value may appear in many places, even inside itself, where it is known already.
    if (std::find(around.begin(), around.end(), &value) != around.end()) return;
    around.push_back(&value);
    if (++visits > kMaxVisits || level > kMaxLevels)
      fail<CheckpointError>("{}: more than {} values or nested deeper than {}", path_.string(), kMaxVisits, kMaxLevels);
    if (path.size() > kMaxPath)
      fail<CheckpointError>("{}: a value has a path of {} bytes, expected at most {}", path_.string(), path.size(),
                            kMaxPath);
    budget.take<CheckpointError>(path.size() + value.text.size(), "the paths and texts of its values");
    const std::string prefix = path.empty() ? "" : path + ".";
    if (value.is(Kind::kDict)) {
      for (size_t i = 0; i + 1 < value.items.size(); i += 2) {
        const PickleValue& key = *value.items[i];
        const std::string text = key.is(Kind::kString) ? std::string(key.text)
                                 : key.is(Kind::kInt)  ? std::to_string(key.integer)
                                                       : "?";
        walk(prefix + text, *value.items[i + 1], level + 1);
      }
    } else if (value.is(Kind::kList) || value.is(Kind::kTuple) || value.is(Kind::kSet)) {
      for (size_t i = 0; i < value.items.size(); ++i) walk(prefix + std::to_string(i), *value.items[i], level + 1);
    } else {
      visit(path, value);
      if (const PickleValue* state = module_state(value))
        for (const char* part : {"_parameters", "_buffers", "_modules"})
          if (const PickleValue* members = state->find(part); members != nullptr && members->is(Kind::kDict))
            walk(path, *members, level + 1);
    }
    around.pop_back();
  };
  walk("", root(), 0);
}

bool is_pickled_tensor(const PickleValue& value) { return find_rebuild(value).has_value(); }

std::vector<int64_t> claimed_shape(const PickleValue& value) {
  const auto rebuild = find_rebuild(value);
  if (!rebuild) return {};
  const bool meta = rebuild->function.find("meta") != std::string::npos;      // dtype, sizes, strides
  const bool sparse = rebuild->function.find("sparse") != std::string::npos;  // layout, (indices, values, sizes, ...)
  const PickleValue* arguments = rebuild->arguments;
  if (sparse && arguments->items.size() > 1 && arguments->items[1]->is(Kind::kTuple)) arguments = arguments->items[1];
  const size_t place = meta ? 1 : 2;
  if (arguments->items.size() <= place) return {};
  return numbers(*arguments->items[place]).value_or(std::vector<int64_t>());
}

const PickleValue* module_state(const PickleValue& value) {
  if (!value.is(Kind::kCall)) return nullptr;
  for (size_t i = 2; i < value.items.size(); ++i)
    if (value.items[i]->find("_parameters") != nullptr && value.items[i]->find("_modules") != nullptr)
      return value.items[i];
  return nullptr;
}

TensorMap all_tensors(const PtFile& file) {
  TensorMap tensors;
  file.for_each([&](const std::string& path, const PickleValue& value) {
    if (file.describe_tensor(value, path)) tensors.insert_or_assign(path, file.tensor(value, path));
  });
  return tensors;
}

std::vector<std::string> foreign_values(const PtFile& file) {
  constexpr size_t kMaxListed = 100;
  std::vector<std::string> foreign;
  file.for_each([&](const std::string& path, const PickleValue& value) {
    const std::string name = value.qualified_name();
    // What torch.save writes of its own: torch.float32, torch.device(...), a set.
    const bool own = name.starts_with("torch.") || name == "builtins.set" || name == "__builtin__.set";
    const bool unread = value.is(Kind::kCall) || value.is(Kind::kGlobal) || value.is(Kind::kOpaque) ||
                        value.is(Kind::kPersistent) || value.is(Kind::kBytes);
    if (!unread || own || foreign.size() >= kMaxListed) return;
    const bool storage = value.is(Kind::kPersistent), bytes = value.is(Kind::kBytes);
    const bool large = value.is(Kind::kOpaque);
    const std::string what = !name.empty() ? name
                             : storage     ? "a storage"
                             : bytes       ? "bytes"
                             : large       ? "a number beyond 64 bits, or an extension code"
                                           : "an object";
    foreign.push_back((path.empty() ? "the file itself" : path) + ": " + what);
  });
  return foreign;
}

}  // namespace foresee
