#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "jepa/core/tensor.h"
#include "jepa/io/names/wrapping.h"
#include "jepa/io/pt_file.h"
#include "jepa/io/safetensors.h"

namespace foresee {

/// The tensors of one weight file under their bare names (Note [Wrappings]), whatever its form: a .safetensors file
/// (tensors that it stores once under several names are there under each), or a file of torch.save, whose dicts, lists
/// and pickled modules are taken apart. No tensor is read before it is asked for.
class WeightFile {
 public:
  /// @throws CheckpointError on a file that is neither, or damaged.
  explicit WeightFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const BareNames& names() const { return names_; }
  /// The file of torch.save; null where it is another.
  const PtFile* pt() const { return pt_.get(); }
  bool has(std::string_view beginning) const { return names_.has(beginning); }
  /// Whether a tensor has that name in the file itself.
  bool stores(const std::string& name) const;

  /// All tensors whose bare name begins with `beginning`, without it.
  /// @throws CheckpointError where two have the same one, or where one is of a kind that is not read.
  TensorMap tensors(const std::string& beginning = "") const;
  /// For messages: what the file holds, and what was taken off its names.
  std::string summary() const;
  /// One line of the log where something unusual was taken off.
  void say_wrappings() const;

 private:
  std::filesystem::path path_;
  std::unique_ptr<const PtFile> pt_;
  std::unique_ptr<const SafetensorsFile> safetensors_;
  std::map<std::string, const PickleValue*> values_;  // of a file of torch.save, by the name in it
  std::map<std::string, std::string> aliases_;        // of a .safetensors file: name to the one that is stored
  BareNames names_;
};

/// The folder that a file lies in, "." where its path names none.
std::filesystem::path folder_around(const std::filesystem::path& file);

/// Whether a file is read as one of torch.save: by what is in it, else by its name.
bool is_torch_file(const std::filesystem::path& path);

}  // namespace foresee
