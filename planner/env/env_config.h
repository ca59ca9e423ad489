#pragma once

#include <memory>
#include <string>
#include <vector>

#include "planner/env/environments.h"

namespace foresee::planner {

/// Factors of variation of every environment, under its name; only those of the one that is made count.
class EnvConfig {
 public:
  /// Those of environments().
  EnvConfig() : EnvConfig(planner::environments()) {}
  /// @param list  must outlive the config.
  explicit EnvConfig(const std::vector<Environment>& list);
  EnvConfig(const EnvConfig& other);
  EnvConfig& operator=(const EnvConfig& other);
  EnvConfig(EnvConfig&&) noexcept = default;
  EnvConfig& operator=(EnvConfig&&) noexcept = default;

  const std::vector<Environment>& environments() const { return *list_; }
  /// An environment by name. @throws Error naming the known ones.
  const Environment& environment(const std::string& name) const;
  /// The factors of one. @throws Error naming the known ones.
  Factors& factors(const std::string& name);
  const Factors& factors(const std::string& name) const;

 private:
  size_t index(const std::string& name) const;

  const std::vector<Environment>* list_;
  std::vector<std::unique_ptr<Factors>> factors_;  // in the order of the list
};
void describe(Fields& fields, EnvConfig& config);

/// The names of a list of environments, in its order.
std::vector<std::string> names_of(const std::vector<Environment>& list);

/// By name, with its factors of variation. @throws Error naming the known environments.
std::unique_ptr<Env> make_env(const std::string& name, const EnvConfig& variation);

}  // namespace foresee::planner
