#pragma once

#include <cmath>
#include <functional>

#include "jepa/core/random.h"
#include "jepa/io/safetensors.h"
#include "jepa/train/adamw.h"
#include "jepa/train/loop.h"

namespace foresee {

/// Least squares on data drawn from (seed, step), with hooks at which a test breaks off the run. Gradients are written
/// out by hand: autograd refuses to run in a forked process.
class ToyTask : public TrainTask {
 public:
  static constexpr int64_t kRows = 8, kWidth = 600;  // 2400 bytes of weights

  /// Called at the begin of a step, and between the files of a checkpoint.
  std::function<void(int64_t step)> before_step = [](int64_t) {};
  std::function<void()> amid_save = [] {};
  int64_t evaluations = 0, loads = 0, started_at = -1;

  ToyTask() : optimizer_({{{{"w", weight_}}, 0.01}}) {}

  void start(int64_t step) override { started_at = step; }

  Metrics step(int64_t step) override {
    before_step(step);
    const Random random(/*seed=*/7, Stream::kTest, static_cast<uint64_t>(step));
    const Tensor x = random.normal_tensor({kRows, kWidth});
    const Tensor error = (x * (weight_ - 1)).sum(1);  // the answer is all ones
    weight_.mutable_grad() = (x * error.unsqueeze(1)).mean(0);
    optimizer_.step(/*learning_rate=*/0.01);
    const double loss = error.square().mean().item<double>();
    return {{"loss", loss * loss_factor}, {"lr", 0.01}};
  }

  Metrics evaluate() override {
    ++evaluations;
    return {{"distance", (weight_ - 1).norm().item<double>()}};
  }

  void save(const std::filesystem::path& folder) const override {
    save_safetensors(folder / "model.safetensors", {{"w", weight_}});
    amid_save();
    save_safetensors(folder / "optimizer.safetensors", optimizer_.state());
  }

  void load(const std::filesystem::path& folder) override {
    ++loads;
    weight_.copy_(load_safetensors(folder / "model.safetensors").at("w"));
    optimizer_.load_state(load_safetensors(folder / "optimizer.safetensors"));
  }

  const Tensor& weight() const { return weight_; }
  TensorMap optimizer_state() const { return optimizer_.state(); }

  double loss_factor = 1.0;

 private:
  Tensor weight_ = torch::zeros({kWidth});
  AdamW optimizer_;
};

}  // namespace foresee
