#include "planner/env/environments.h"

#include "jepa/core/error.h"
#include "jepa/core/names.h"
#include "planner/env/env_config.h"
#include "planner/env/process_env.h"
#include "planner/env/push_t/push_t.h"
#include "planner/env/reacher/reacher.h"
#include "planner/env/two_room/dot_wall.h"
#include "planner/env/two_room/two_room.h"

namespace foresee::planner {

const std::vector<Environment>& environments() {
  static const std::vector<Environment> list{two_room_environment(), eb_two_room_environment(), wall_environment(),
                                             push_t_environment(),   reacher_environment(),     process_environment()};
  return list;
}

std::vector<std::string> names_of(const std::vector<Environment>& list) {
  std::vector<std::string> names;
  for (const Environment& env : list) names.push_back(env.name);
  return names;
}

const std::vector<std::string>& env_names() {
  static const std::vector<std::string> names = names_of(environments());
  return names;
}

EnvConfig::EnvConfig(const std::vector<Environment>& list) : list_(&list) {
  for (const Environment& env : list) factors_.push_back(env.factors->clone());
}

EnvConfig::EnvConfig(const EnvConfig& other) : list_(other.list_) {
  for (const auto& factors : other.factors_) factors_.push_back(factors->clone());
}

EnvConfig& EnvConfig::operator=(const EnvConfig& other) { return *this = EnvConfig(other); }

size_t EnvConfig::index(const std::string& name) const {
  for (size_t i = 0; i < list_->size(); ++i)
    if ((*list_)[i].name == name) return i;
  fail("unknown environment '{}'{}", name, suggestion(name, names_of(*list_)));
}

const Environment& EnvConfig::environment(const std::string& name) const { return (*list_)[index(name)]; }
Factors& EnvConfig::factors(const std::string& name) { return *factors_[index(name)]; }
const Factors& EnvConfig::factors(const std::string& name) const { return *factors_[index(name)]; }

void describe(Fields& f, EnvConfig& c) {
  for (const Environment& env : c.environments()) f(env.name, c.factors(env.name), env.summary);
}

std::string name_of(Protocol protocol) { return std::string(foresee::name_of(kProtocolNames, protocol)); }

std::unique_ptr<Env> make_env(const std::string& name, const EnvConfig& variation) {
  return variation.factors(name).make();
}
std::unique_ptr<Env> make_env(const std::string& name) { return make_env(name, EnvConfig{}); }

}  // namespace foresee::planner
