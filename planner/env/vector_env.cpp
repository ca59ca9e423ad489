#include "planner/env/vector_env.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "jepa/core/error.h"

namespace foresee::planner {
namespace {

constexpr int64_t kGrain = 4;  // environments a thread takes at once

template <class Work>
void for_each_env(int64_t count, const Work& work) {
  at::parallel_for(0, count, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) work(i);
  });
}

}  // namespace

VectorEnv::VectorEnv(const Env& env, int64_t count, uint64_t seed) {
  FORESEE_CHECK(count >= 1, "expected one world or more, got {}", count);
  for (int64_t i = 0; i < count; ++i) {
    envs_.push_back(env.clone());
    draws_.emplace_back(Random(seed, Stream::kEnvReset, static_cast<uint64_t>(i)));
  }
  reset();
}

void VectorEnv::reset() {
  for_each_env(size(), [&](int64_t i) { envs_[static_cast<size_t>(i)]->reset(draws_[static_cast<size_t>(i)]); });
}

Tensor VectorEnv::step(const Tensor& actions, bool autoreset) {
  const int64_t width = env(0).action_spec().size;
  FORESEE_CHECK(actions.dim() == 2 && actions.size(0) == size() && actions.size(1) == width,
                "expected actions [{}, {}], got {}", size(), width, foresee::describe(actions));
  const Tensor rows = actions.to(at::kCPU, at::kDouble).contiguous();
  const double* action = rows.const_data_ptr<double>();
  Tensor reached = at::zeros({size()}, at::kBool);
  bool* done = reached.data_ptr<bool>();
  for_each_env(size(), [&](int64_t i) {
    auto& env = *envs_[static_cast<size_t>(i)];
    done[i] = env.step({action + i * width, static_cast<size_t>(width)});
    if (done[i] && autoreset) env.reset(draws_[static_cast<size_t>(i)]);
  });
  return reached;
}

Tensor VectorEnv::states() const {
  std::vector<Tensor> rows;
  for (const auto& env : envs_) rows.push_back(at::tensor(env->state(), at::kDouble));
  return at::stack(rows);
}

Tensor VectorEnv::render(int64_t picture) const {
  Tensor pictures = at::empty({size(), 3, picture, picture}, at::kByte);
  for_each_env(size(), [&](int64_t i) { pictures[i].copy_(env(i).render(picture)); });
  return pictures;
}

}  // namespace foresee::planner
