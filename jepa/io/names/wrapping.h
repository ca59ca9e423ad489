#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace foresee {

// Note [Wrappings]
// Whoever trains a network wraps it, and the wrapping stays in the names of the saved tensors: DistributedDataParallel
// leaves "module.", torch.compile "_orig_mod.", Lightning "state_dict.model.", an AveragedModel "module." and a counter
// "n_averaged". They stand in any order and also inside names. One place takes them off, for the files of all families;
// a family then looks for its networks by the bare names.

/// The tensors of a file by their bare names.
struct BareNames {
  std::map<std::string, std::string> stored;  // by bare name: the name in the file
  std::vector<std::string> wrappings;         // what was taken off, each once: "_orig_mod (torch.compile)"
  std::map<std::string, std::string> twice;   // bare names with a second tensor: its name in the file

  /// What stands before `ending` in the names that end with it: for "norm.weight" of "encoder.norm.weight" it is
  /// "encoder.". Only whole parts of names count.
  std::vector<std::string> before(std::string_view ending) const;
  /// Whether a name begins so.
  bool has(std::string_view beginning) const;
  /// For messages: "encoder (28), predictor (20)", tensors by the first part of their names, the first twelve.
  std::string summary() const;
};

/// Takes the wrappings off. Names that were not wrapped stay as they are.
BareNames without_wrappings(const std::vector<std::string>& stored);

}  // namespace foresee
