#include "jepa/train/adamw.h"

#include <gtest/gtest.h>
#include <torch/nn/utils/clip_grad.h>
#include <torch/optim.h>

#include "jepa/core/error.h"
#include "jepa/core/random.h"
#include "tests/support/refusal.h"

namespace foresee {
namespace {

/// The same parameters twice, under our optimizer and under LibTorch's plain one, with two groups.
class AdamWTest : public ::testing::Test {
 protected:
  AdamWTest() {
    const Random random(1, Stream::kTest);
    ours_ = {random.normal_tensor({3, 50}), random.normal_tensor({7}, 1000), random.normal_tensor({40, 20}, 2000)};
    for (const auto& tensor : ours_) theirs_.push_back(tensor.clone());
    for (auto& tensor : ours_) tensor.requires_grad_();
    for (auto& tensor : theirs_) tensor.requires_grad_();
    optimizer_ = std::make_unique<AdamW>(groups_of(ours_), options_);
    using torch::optim::AdamWOptions;
    std::vector<torch::optim::OptimizerParamGroup> groups;
    groups.emplace_back(std::vector<Tensor>{theirs_[0], theirs_[2]}, reference_options(0.05));
    groups.emplace_back(std::vector<Tensor>{theirs_[1]}, reference_options(0.0));
    reference_ = std::make_unique<torch::optim::AdamW>(groups, AdamWOptions(1e-3));
  }

  static std::vector<ParameterGroup> groups_of(const std::vector<Tensor>& tensors) {
    return {{{{"a", tensors[0]}, {"c", tensors[2]}}, 0.05}, {{{"b", tensors[1]}}, 0.0}};
  }
  std::unique_ptr<torch::optim::OptimizerOptions> reference_options(double weight_decay) const {
    auto options = std::make_unique<torch::optim::AdamWOptions>(1e-3);
    options->betas({options_.beta1, options_.beta2}).eps(options_.eps).weight_decay(weight_decay);
    return options;
  }

  static Tensor gradient(int64_t step, size_t index, const Tensor& like) {
    return Random(2, Stream::kTest, static_cast<uint64_t>(step)).normal_tensor(like.sizes(), 10'000 * index);
  }
  /// Both take `count` steps at a rate that changes; gradients of the indices in `without` stay undefined.
  void take_steps(int64_t first, int64_t count, const std::vector<size_t>& without = {}) {
    for (int64_t step = first; step < first + count; ++step) {
      for (size_t i = 0; i < ours_.size(); ++i) {
        const bool none = std::find(without.begin(), without.end(), i) != without.end();
        ours_[i].mutable_grad() = none ? Tensor() : gradient(step, i, ours_[i]);
        theirs_[i].mutable_grad() = none ? Tensor() : gradient(step, i, theirs_[i]);
      }
      const double rate = 1e-3 * static_cast<double>(1 + step % 5);
      for (auto& group : reference_->param_groups()) group.options().set_lr(rate);
      optimizer_->step(rate);
      reference_->step();
    }
  }
  void expect_equal() const {
    for (size_t i = 0; i < ours_.size(); ++i)
      EXPECT_TRUE(at::allclose(ours_[i], theirs_[i], /*rtol=*/1e-6, /*atol=*/1e-7))
          << i << ": " << (ours_[i] - theirs_[i]).abs().max();
  }

  AdamW::Options options_{.beta1 = 0.9, .beta2 = 0.99, .eps = 1e-6};
  std::vector<Tensor> ours_, theirs_;
  std::unique_ptr<AdamW> optimizer_;
  std::unique_ptr<torch::optim::AdamW> reference_;
};

TEST_F(AdamWTest, EqualsTheReferenceOverManySteps) {
  take_steps(0, 50);
  expect_equal();
}

TEST_F(AdamWTest, AParameterWithoutGradientStaysWithoutStateAndDecay) {
  const Tensor before = ours_[0].detach().clone();
  take_steps(0, 5, /*without=*/{0});
  EXPECT_TRUE(at::equal(ours_[0], before));
  EXPECT_FALSE(optimizer_->state().contains("a.step"));
  EXPECT_EQ(optimizer_->state().size(), 6u);
  // Its bias correction begins when its first gradient comes.
  take_steps(5, 5);
  expect_equal();
  EXPECT_EQ(optimizer_->state().at("a.step").item<float>(), 5);
  EXPECT_EQ(optimizer_->state().at("b.step").item<float>(), 10);
}

TEST_F(AdamWTest, AZeroGradientDoesDecay) {
  const Tensor before = ours_[0].detach().clone();
  ours_[0].mutable_grad() = torch::zeros_like(ours_[0]);
  optimizer_->step(0.1);
  EXPECT_TRUE(at::allclose(ours_[0], before * (1 - 0.1 * 0.05)));
}

TEST_F(AdamWTest, AGradientOfOtherStridesCounts) {
  // The gradient of a transposed or broadcast weight comes with strides of its own.
  take_steps(0, 1);
  const Tensor turned = gradient(9, 2, torch::empty({20, 40})).t(), spread = torch::full({1, 1}, 0.5).expand({3, 50});
  ours_[0].mutable_grad() = spread;
  ours_[2].mutable_grad() = turned;
  theirs_[0].mutable_grad() = spread.contiguous();
  theirs_[2].mutable_grad() = turned.contiguous();
  ours_[1].mutable_grad() = theirs_[1].mutable_grad() = Tensor();
  for (auto& group : reference_->param_groups()) group.options().set_lr(0.01);
  optimizer_->step(0.01);
  reference_->step();
  expect_equal();
}

TEST_F(AdamWTest, ContinuesFromItsStateBitForBit) {
  take_steps(0, 4, /*without=*/{1});
  TensorMap state = optimizer_->state();
  for (auto& [name, tensor] : state) tensor = tensor.clone();
  std::vector<Tensor> copies;
  for (const auto& tensor : ours_) copies.push_back(tensor.detach().clone().requires_grad_());
  AdamW resumed(groups_of(copies), options_);
  resumed.load_state(state);
  for (int64_t step = 4; step < 8; ++step) {
    for (size_t i = 0; i < copies.size(); ++i)
      copies[i].mutable_grad() = ours_[i].mutable_grad() = gradient(step, i, ours_[i]);
    optimizer_->step(1e-3);
    resumed.step(1e-3);
  }
  for (size_t i = 0; i < copies.size(); ++i) EXPECT_TRUE(at::equal(copies[i], ours_[i])) << i;
}

TEST_F(AdamWTest, LoadingCopies) {
  take_steps(0, 1);
  AdamW other(groups_of(ours_), options_);
  other.load_state(optimizer_->state());
  const Tensor before = optimizer_->state().at("a.exp_avg").clone();
  other.step(1e-3);
  EXPECT_TRUE(at::equal(optimizer_->state().at("a.exp_avg"), before));
}

TEST_F(AdamWTest, RefusesAStateThatDoesNotFit) {
  take_steps(0, 1);
  const TensorMap good = optimizer_->state();
  const auto refusal = [&](const TensorMap& state) {
    return refusal_of<CheckpointError>([&] { optimizer_->load_state(state); });
  };
  auto bad = good;
  bad["a.exp_avg"] = torch::zeros({3, 49});
  EXPECT_TRUE(says(refusal(bad), "a.exp_avg: expected shape [3, 50], got [3, 49] float32"));
  bad = good;
  bad.erase("b.step");
  EXPECT_TRUE(says(refusal(bad), "b: 2 of"));
  bad = good;
  bad["z.step"] = torch::zeros({});
  EXPECT_TRUE(says(refusal(bad), "1 entries belong to no parameter"));
  EXPECT_EQ(optimizer_->state().size(), good.size());
  EXPECT_EQ(refusal(good), "");
}

TEST_F(AdamWTest, ZeroGradLeavesNoGradient) {
  take_steps(0, 1);
  optimizer_->zero_grad();
  for (const auto& tensor : ours_) EXPECT_FALSE(tensor.grad().defined());
}

TEST_F(AdamWTest, RefusesANameThatComesTwice) {
  const Tensor weight = torch::ones(2);
  EXPECT_THROW(AdamW({{{{"w", weight}}, 0.0}, {{{"w", weight}}, 0.1}}), Error);
  EXPECT_THROW(AdamW({{{{"w", torch::ones(2, at::kLong)}}, 0.0}}), Error);
}

TEST(ClipGradNorm, EqualsTheReference) {
  for (const double max_norm : {0.5, 5.0, 1e6}) {
    std::vector<Tensor> ours, theirs;
    for (uint64_t i = 0; i < 3; ++i) {
      const Tensor gradient = Random(4, Stream::kTest, i).normal_tensor({5, 6});
      for (auto* list : {&ours, &theirs}) {
        list->push_back(torch::zeros({5, 6}));
        list->back().mutable_grad() = gradient.clone();
      }
    }
    ours.push_back(torch::zeros(3));  // without a gradient
    const double expected = torch::nn::utils::clip_grad_norm_(theirs, max_norm);
    EXPECT_NEAR(clip_grad_norm(ours, max_norm), expected, 1e-5);
    for (size_t i = 0; i < theirs.size(); ++i) EXPECT_TRUE(at::allclose(ours[i].grad(), theirs[i].grad(), 1e-6));
  }
}

TEST(ClipGradNorm, OnlyMeasuresWithoutAMaximum) {
  const Tensor weight = torch::zeros(2);
  weight.mutable_grad() = torch::tensor({3.0f, 4.0f});
  for (const double none : {0.0, -1.0}) {
    EXPECT_EQ(clip_grad_norm({weight}, none), 5.0);
    EXPECT_TRUE(at::equal(weight.grad(), torch::tensor({3.0f, 4.0f})));
  }
  EXPECT_EQ(clip_grad_norm({torch::zeros(2)}, 1.0), 0.0);
}

}  // namespace
}  // namespace foresee
