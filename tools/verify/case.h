#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "jepa/core/tensor.h"

namespace foresee::parity {

/// How one recorded value compared.
struct Comparison {
  std::string key;
  bool passed = false;
  double max_abs = 0, max_rel = 0;
  std::string tolerance;  // "atol 1e-5 rtol 0"
  std::string reason;     // why not: "not covered", "shape [3] instead of [4]", "2 of 80 elements off"
};

/// One case folder while it is verified: a kind takes inputs from it and hands results to it (schema:
/// tests/fixtures/README.md).
class Case {
 public:
  /// @throws DataError when case.json is missing or not of the schema.
  explicit Case(std::filesystem::path folder);

  const std::filesystem::path& folder() const { return folder_; }
  const nlohmann::json& json() const { return json_; }  // case.json
  std::string kind() const;

  /// A stored tensor, by file and name: input("io.safetensors", "pixels"). Any role. @throws DataError when absent.
  Tensor tensor(const std::string& file, const std::string& name) const;
  Tensor io(const std::string& name) const { return tensor("io.safetensors", name); }
  bool has(const std::string& key) const;         // key as in `values`: "io.safetensors:NAME"
  TensorMap file(const std::string& name) const;  // all tensors of a safetensors or .pt file (by dotted path)

  /// Hands over a computed value for the key; compared when its role is `expected`, else ignored.
  void expect(const std::string& key, const Tensor& value);
  void expect_io(const std::string& name, const Tensor& value) { expect("io.safetensors:" + name, value); }
  /// For "case.json:PATH" keys: numbers, strings, lists.
  void expect_json(const std::string& path, const nlohmann::json& value);
  /// For whole files with `expect` loads / refused / opaque: what happened, and the tensors for `same_as`.
  void expect_file(const std::string& file, const std::string& outcome, const TensorMap& tensors = {});

  /// Every expected value: compared, or failed as "not covered".
  std::vector<Comparison> results() const;

 private:
  std::filesystem::path folder_;
  nlohmann::json json_;
  mutable std::map<std::string, TensorMap> files_;
  std::map<std::string, Comparison> done_;
};

/// Case folders at or below the given paths, in order. @throws Error for a path that has none.
std::vector<std::filesystem::path> case_folders(const std::vector<std::filesystem::path>& paths);

/// Computes every expected value of a case of its kind with the library's own functions.
using Kind = void (*)(Case&);

/// All kinds: {"env/two_room", &verify_two_room}, ... One line each in tools/verify/kinds.cpp.
const std::vector<std::pair<std::string, Kind>>& kinds();

/// Reads, runs and compares one case folder, by its kind or with the given one.
/// @throws Error "unknown kind" (with the known ones), DataError.
std::vector<Comparison> verify_case(const std::filesystem::path& folder);
std::vector<Comparison> verify_case(const std::filesystem::path& folder, Kind kind);

/// Reads every whole .pt file of a case that has an `expect` (tools/verify/vjepa2_file_kinds.cpp).
void expect_checkpoint_files(Case& c);

// tools/verify/eb_jepa_kinds.cpp
void verify_two_room_eb_jepa(Case& c);
// tools/verify/reacher_kinds.cpp
void verify_reacher(Case& c);
// tools/verify/push_t_kinds.cpp
void verify_push_t(Case& c);
void verify_push_t_gym(Case& c);
void verify_eval_starts_push_t(Case& c);
// tools/verify/env_kinds.cpp
void verify_two_room(Case& c);
void verify_eval_starts_two_room(Case& c);
// tools/verify/lewm_kinds.cpp
void verify_lewm_forward(Case& c);
void verify_lewm_train_step(Case& c);
void verify_lewm_sigreg(Case& c);
void verify_lewm_lr_schedule(Case& c);
// tools/verify/planner_kinds.cpp
void verify_solver_trace(Case& c);
// tools/verify/vjepa2_ac_kinds.cpp
void verify_vjepa2_official_ac(Case& c);
void verify_vjepa2_ac_train_step(Case& c);
// tools/verify/vjepa2_model_kinds.cpp
void verify_vjepa2_hf_base(Case& c);
void verify_vjepa2_hf_classifier(Case& c);
void verify_vjepa2_official_pt(Case& c);
void verify_vjepa2_official_probe(Case& c);
void verify_vjepa2_preprocess(Case& c);
// tools/verify/vjepa2_kinds.cpp
void verify_vjepa2_rope(Case& c);
void verify_vjepa2_masks(Case& c);
void verify_vjepa2_schedules(Case& c);
void verify_vjepa2_train_step(Case& c);

}  // namespace foresee::parity
