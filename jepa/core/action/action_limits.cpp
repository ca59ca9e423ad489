#include "jepa/core/action/action_limits.h"

#include "jepa/core/error.h"

namespace foresee {
namespace {

/// One number of all of them, or one of each.
std::vector<double> of_each(const std::vector<double>& given, int64_t size, const std::string& keys) {
  if (given.size() == 1) return std::vector<double>(static_cast<size_t>(size), given.front());
  if (static_cast<int64_t>(given.size()) != size)
    fail<ConfigError>("{}: expected {} numbers (an action's) or one of all, got {}", keys, size, given.size());
  return given;
}

}  // namespace

void set_limits(ActionSpec& spec, const std::vector<double>& low, const std::vector<double>& high,
                const std::string& keys) {
  const ActionSpec before = spec;
  if (!low.empty()) spec.low = of_each(low, spec.size, keys);
  if (!high.empty()) spec.high = of_each(high, spec.size, keys);
  if (spec.low.empty() || spec.high.empty()) return;
  for (size_t i = 0; i < spec.low.size(); ++i) {
    if (spec.low[i] > spec.high[i])
      fail<ConfigError>("{}: number {} has limits [{}, {}]", keys, i, spec.low[i], spec.high[i]);
    if (before.low.empty() || before.high.empty() || before.low[i] != before.high[i]) continue;
    const double always = before.low[i];
    if (always < spec.low[i] || always > spec.high[i])
      fail<ConfigError>("{}: number {} is always {} in the data, which [{}, {}] excludes", keys, i, always, spec.low[i],
                        spec.high[i]);
    spec.low[i] = spec.high[i] = always;
  }
}

Tensor within_limits(const ActionSpec& spec, const Tensor& actions) {
  Tensor allowed = actions;
  if (!spec.low.empty()) allowed = at::maximum(allowed, at::tensor(spec.low, at::kDouble).to(actions.options()));
  if (!spec.high.empty()) allowed = at::minimum(allowed, at::tensor(spec.high, at::kDouble).to(actions.options()));
  return allowed.contiguous();
}

}  // namespace foresee
