#include <filesystem>

#include "jepa/core/error.h"
#include "jepa/io/pt_file.h"
#include "jepa/model/lewm/lewm.h"
#include "tools/verify/case.h"

namespace foresee::parity {
namespace {

/// Tensors under the names that a recorded file may have: the dotted path, and the path without its top key (a case
/// compares "encoder": {"a": ...} with a file that has "a").
TensorMap with_names_below_top(const TensorMap& tensors) {
  TensorMap named = with_transformers4_names(tensors);
  for (const auto& [path, tensor] : TensorMap(named))
    if (const size_t dot = path.find('.'); dot != std::string::npos) named.emplace(path.substr(dot + 1), tensor);
  return named;
}

}  // namespace

void expect_checkpoint_files(Case& c) {
  for (const auto& [name, entry] : c.json().at("values").items()) {
    if (!name.ends_with(".pt") || !entry.contains("expect")) continue;
    std::string outcome = "loads";
    TensorMap tensors;
    try {
      const PtFile file(c.folder() / name);
      tensors = all_tensors(file);
      if (!foreign_values(file).empty()) outcome = "opaque";
    } catch (const CheckpointError&) {
      outcome = "refused";
    }
    c.expect_file(name, outcome, with_names_below_top(tensors));
  }
}

}  // namespace foresee::parity
