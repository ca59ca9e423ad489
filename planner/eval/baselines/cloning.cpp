#include "planner/eval/baselines/cloning.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace foresee::planner {
namespace {

class Cloning final : public Method {
 public:
  Cloning(const Envs& envs, CloningPolicy policy) : envs_(envs), policy_(std::move(policy)) {
    std::vector<Tensor> goals;
    for (const auto& env : envs) goals.push_back(env->render_goal(kRenderedSize));
    goals_ = small_pictures(at::stack(goals));
  }

  std::vector<Decision> act(std::span<const int64_t> active) override {
    std::vector<Tensor> seen;
    for (const int64_t index : active) seen.push_back(envs_[static_cast<size_t>(index)]->render(kRenderedSize));
    const Tensor rows = at::tensor(at::IntArrayRef(active.data(), active.size()), at::kLong);
    const Tensor actions =
        policy_(small_pictures(at::stack(seen)), goals_.index_select(0, rows)).to(at::kDouble).contiguous();  // [n, A]
    std::vector<Decision> decisions;
    const double* from = actions.const_data_ptr<double>();
    for (const int64_t index : active) {
      std::vector<double> action(from, from + actions.size(1));
      from += actions.size(1);
      const ActionSpec limits = envs_[static_cast<size_t>(index)]->action_spec();
      for (size_t i = 0; i < action.size() && i < limits.low.size(); ++i)
        action[i] = std::clamp(action[i], limits.low[i], limits.high[i]);
      decisions.push_back({std::move(action), std::nullopt});
    }
    return decisions;
  }

 private:
  const Envs& envs_;
  CloningPolicy policy_;
  Tensor goals_;  // uint8 [envs, 3, kBankSize, kBankSize]
};

}  // namespace

MethodFactory cloning_method(const CloningPolicy& policy) {
  return [policy](const Envs& envs, int64_t) { return std::make_unique<Cloning>(envs, policy); };
}

}  // namespace foresee::planner
