#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jepa/core/memory.h"
#include "jepa/core/tensor.h"
#include "jepa/io/pickle.h"
#include "jepa/io/zip_file.h"

namespace foresee {

/// What a checkpoint says of one tensor: a view of a storage, checked against the storage's bounds.
struct PtTensor {
  at::ScalarType dtype;
  std::vector<int64_t> shape, strides;
  int64_t offset = 0;        // elements from the begin of the storage
  std::string_view storage;  // bytes of the mapped file
  std::string record;        // name of the storage in the file: tensors with the same one share memory
};

/// A file of torch.save (the zip format, since PyTorch 1.6), read without executing anything of it; see Note [Pickles].
/// Tensors are views of the memory-mapped file, so an optimizer that nobody asks for costs no memory.
class PtFile {
 public:
  /// @throws CheckpointError on a legacy file (not a zip; with a hint), a truncated or damaged zip, a hostile pickle.
  explicit PtFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  /// What was saved: usually a dict. Numbers and texts are read from the values themselves.
  const PickleValue& root() const { return pickle_.root(); }
  /// The value of a key of the root. @throws CheckpointError where there is none (lists the keys that are there).
  const PickleValue& at(const std::string& key) const;

  /// The tensor that a value describes; nothing where it describes none (a number, a dict, a foreign object).
  /// @throws CheckpointError where it is a tensor that cannot be had: a storage that is absent, compressed or shorter
  /// than the view, a kind, layout or dtype that LibTorch or this reader has not.
  std::optional<PtTensor> describe_tensor(const PickleValue& value, const std::string& name = "a tensor") const;
  /// The tensor, CPU; a private mapping, so that a write changes neither the file nor another reader.
  /// @param name  what messages call it. @throws CheckpointError also where the value describes none (says what it is),
  /// and where all tensors that were taken of this file are far larger than it (Note [Budgets]).
  Tensor tensor(const PickleValue& value, const std::string& name) const;
  /// All values of a dict, by its keys. @throws CheckpointError where a value is no tensor.
  TensorMap tensors(const PickleValue& dict, const std::string& name) const;

  /// Calls `visit` with the dotted path of every value that is no dict, list or tuple (tensors, numbers, texts, foreign
  /// objects), in the order of the file. Behind a pickled module come its parameters, buffers and modules, under the
  /// names that its state dict gives them. @throws CheckpointError beyond a million values, or where their paths and
  /// texts are far larger than the file (Note [Budgets]).
  void for_each(const std::function<void(const std::string& path, const PickleValue& value)>& visit) const;

 private:
  std::filesystem::path path_;
  ZipFile zip_;
  std::string folder_;  // the archive's top folder, with a slash
  Pickle pickle_;
  mutable ReadBudget tensors_budget_;  // views may overlap: whoever copies them pays for each
};

/// Whether a value builds a tensor, read or not: also a quantised or a sparse one.
bool is_pickled_tensor(const PickleValue& value);
/// The shape that a value that builds a tensor claims; empty where it does not say it plainly, or is a single number.
std::vector<int64_t> claimed_shape(const PickleValue& value);
/// The members of a pickled module (torch.save(model)): a dict with _parameters, _buffers, _modules and what else it
/// has. Null for a value that is no module.
const PickleValue* module_state(const PickleValue& value);

/// All tensors of a file by dotted path, dicts and lists taken apart: "opt.state.0.exp_avg". @throws CheckpointError.
TensorMap all_tensors(const PtFile& file);

/// Foreign objects and calls that stay unread, as "args: argparse.Namespace" (the first hundred).
std::vector<std::string> foreign_values(const PtFile& file);

}  // namespace foresee
