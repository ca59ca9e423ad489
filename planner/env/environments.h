#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "jepa/core/config.h"
#include "planner/env/env.h"

namespace foresee::planner {

/// What may vary in an environment: its config, whatever its type, and how an environment is made of it.
class Factors {
 public:
  virtual ~Factors() = default;
  virtual std::unique_ptr<Factors> clone() const = 0;
  /// Lists the keys of the config.
  virtual void list(Fields& fields) = 0;
  /// @throws ConfigError for values that do not fit together.
  virtual void validate() const = 0;
  /// @throws Error where the environment's simulator is not built in.
  virtual std::unique_ptr<Env> make() const = 0;
};
inline void describe(Fields& fields, Factors& factors) { factors.list(fields); }

/// Factors of an environment that is made of one config.
template <class Config, class World>
class FactorsOf final : public Factors {
 public:
  explicit FactorsOf(Config defaults = {}) : config(std::move(defaults)) {}
  std::unique_ptr<Factors> clone() const override { return std::make_unique<FactorsOf>(config); }
  void list(Fields& fields) override { describe(fields, config); }
  void validate() const override { config.validate(); }
  std::unique_ptr<Env> make() const override { return std::make_unique<World>(config); }

  Config config;
};

/// Makes a policy. @param noise  standard deviation added to its actions.
using PolicyMaker = std::function<std::unique_ptr<Policy>(double noise)>;

/// How episodes of an environment are made when nothing is said.
struct UsualCollection {
  std::string policy = "expert";
  double noise = 0;
  int64_t max_steps = 100;
};

/// Which columns of recorded episodes a state and a goal are set from. Each part names columns, of which the first that
/// the data have is taken; the parts are laid one after the other.
struct StateColumns {
  std::vector<std::vector<std::string>> state{{"state"}}, goal{{"state"}};
};

/// How starts of protocol far come about.
struct FarStarts {
  std::function<void(Factors& factors)> prepare{};  // sets what reset draws; may be empty
  bool at_rest = false;                             // start and goal are places where an agent can stand
  std::string origin = "start and goal drawn by reset";
};

/// Steps a second of the same environment in Python: stable-worldmodel 0.1.1 (gymnasium, torch 2.11) on a core of an
/// Intel Xeon of the Sapphire Rapids generation; tools/parity/compare_env.py measures both here.
struct PeerRates {
  double steps = 0, rendered = 0;  // without and with pictures of 224 x 224
};

/// How an evaluation draws its starts (Note [Evaluation protocols], planner/eval/starts.h).
enum class Protocol { kNear, kFar, kSwm };
inline constexpr std::pair<Protocol, std::string_view> kProtocolNames[] = {
    {Protocol::kNear, "near"}, {Protocol::kFar, "far"}, {Protocol::kSwm, "swm"}};
std::string name_of(Protocol protocol);

/// One environment: everything about it that others ask for by its name.
struct Environment {
  std::string name, summary;
  std::shared_ptr<const Factors> factors;  // at their defaults
  UsualCollection collection{};
  std::map<std::string, PolicyMaker> policies{};  // its own: "expert" (without one: a search), and further ones
  std::vector<Protocol> protocols{Protocol::kNear, Protocol::kFar, Protocol::kSwm};
  FarStarts far{};
  StateColumns columns{};
  std::optional<PeerRates> peer{};
};

/// All environments, one row each. To add one, write its row beside it and name it in planner/env/environments.cpp.
const std::vector<Environment>& environments();

struct SearchPolicyConfig;  // planner/env/search_policy.h
/// A policy of an environment by name: random, noop, cem (a search on the environment itself), expert (where it has
/// none, cem), and its own ones.
/// @param noise  standard deviation added to the expert's action. @param search  of policy cem.
/// @throws Error naming the known ones.
std::unique_ptr<Policy> make_policy(const Environment& env, const std::string& name, double noise,
                                    const SearchPolicyConfig& search);

}  // namespace foresee::planner
