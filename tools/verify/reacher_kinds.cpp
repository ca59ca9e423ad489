#include <ATen/ATen.h>

#include "planner/env/reacher/reacher.h"
#include "tools/verify/case.h"

namespace foresee::parity {
namespace {

planner::Pair pair_of(const Tensor& tensor) {
  const Tensor row = tensor.to(at::kDouble).contiguous().flatten();
  return {row[0].item<double>(), row[1].item<double>()};
}

Tensor doubles_of(const planner::Pair& pair) { return at::tensor({pair[0], pair[1]}, at::kDouble); }

}  // namespace

void verify_reacher(Case& c) {
  planner::Reacher env;
  for (const auto& sequence : c.json().at("sequences")) {
    const auto name = sequence.at("name").get<std::string>();
    const Tensor actions = c.io(name + ".actions");
    // Row 0 of a trace is where it starts.
    const planner::Pair q = pair_of(c.io(name + ".qpos")[0]), v = pair_of(c.io(name + ".qvel")[0]);
    const bool has_goal = c.has("io.safetensors:" + name + ".target_qpos");
    env.set_goal(has_goal ? pair_of(c.io(name + ".target_qpos")) : planner::Pair{1e9, 1e9});
    if (c.has("io.safetensors:" + name + ".target_xy")) env.physics().set_target(pair_of(c.io(name + ".target_xy")));
    env.physics().set(q, v);
    std::vector<Tensor> qpos{doubles_of(env.physics().angles())}, qvel{doubles_of(env.physics().velocities())}, obs;
    std::vector<int64_t> terminated;
    for (int64_t t = 0; t < actions.size(0); ++t) {
      const planner::Pair action = pair_of(actions[t]);
      terminated.push_back(env.step(action));
      qpos.push_back(doubles_of(env.physics().angles()));
      qvel.push_back(doubles_of(env.physics().velocities()));
      obs.push_back(at::tensor(env.observation(), at::kFloat));
    }
    c.expect_io(name + ".qpos", at::stack(qpos));
    c.expect_io(name + ".qvel", at::stack(qvel));
    c.expect_io(name + ".obs", at::stack(obs));
    c.expect_io(name + ".terminated", at::tensor(terminated).to(at::kByte));
  }
}

}  // namespace foresee::parity
