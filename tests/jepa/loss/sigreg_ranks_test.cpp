// SIGReg over several ranks is SIGReg of all their samples, in value and in gradient.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "jepa/core/random.h"
#include "jepa/loss/sigreg.h"

namespace foresee {
namespace {

/// Averages a tensor over threads that stand for ranks.
class Meeting {
 public:
  explicit Meeting(int64_t ranks) : ranks_(ranks) {}
  void average(Tensor& tensor) {
    std::unique_lock lock(mutex_);
    sum_ = sum_.defined() ? sum_ + tensor : tensor.clone();
    const int64_t round = round_;
    if (++arrived_ == ranks_) {
      mean_ = sum_ / static_cast<double>(ranks_);
      sum_ = Tensor();
      arrived_ = 0;
      ++round_;
      all_here_.notify_all();
    } else {
      all_here_.wait(lock, [&] { return round_ != round; });
    }
    tensor.copy_(mean_);
  }

 private:
  const int64_t ranks_;
  std::mutex mutex_;
  std::condition_variable all_here_;
  Tensor sum_, mean_;
  int64_t arrived_ = 0, round_ = 0;
};

class SigregRanksTest : public ::testing::TestWithParam<Kernel> {};

TEST_P(SigregRanksTest, ValueAndAveragedGradientsAreThoseOfAllSamples) {
  constexpr int64_t kRanks = 3, kSamples = 8;
  const Random draws(1, Stream::kTest);
  const Tensor z = draws.normal_tensor({2, kRanks * kSamples, 6}) * 1.5 + 0.3;
  const Tensor directions = draws.normal_tensor({6, 32}, 5000);
  const Tensor whole = z.clone().requires_grad_(true);
  const Tensor wanted = sigreg(whole, directions, 17, GetParam());
  wanted.backward();

  Meeting meeting(kRanks);
  std::vector<Tensor> values(kRanks), gradients(kRanks);
  std::vector<std::thread> threads;
  for (int64_t rank = 0; rank < kRanks; ++rank)
    threads.emplace_back([&, rank] {
      const Tensor own = z.slice(1, rank * kSamples, (rank + 1) * kSamples).clone().requires_grad_(true);
      const SigregRanks ranks{kRanks, [&](Tensor& tensor) { meeting.average(tensor); }};
      const Tensor value = sigreg(own, directions, 17, GetParam(), ranks);
      value.backward();
      values[static_cast<size_t>(rank)] = value.detach();
      gradients[static_cast<size_t>(rank)] = own.grad();
    });
  for (auto& thread : threads) thread.join();
  for (int64_t rank = 0; rank < kRanks; ++rank) {
    EXPECT_NEAR(values[static_cast<size_t>(rank)].item<double>(), wanted.item<double>(), 1e-4);
    // A parameter's gradient is averaged over the ranks; its share of this rank is a third of the local one.
    const Tensor share = gradients[static_cast<size_t>(rank)] / kRanks;
    const Tensor same = whole.grad().slice(1, rank * kSamples, (rank + 1) * kSamples);
    EXPECT_LT((share - same).abs().max().item<double>(), 1e-5);
  }
  const double parts = (sigreg(z.slice(1, 0, kSamples), directions, 17, GetParam()) - wanted).abs().item<double>();
  EXPECT_GT(parts, 0.1) << "a part's own statistic is something else";
}

INSTANTIATE_TEST_SUITE_P(Kernels, SigregRanksTest, ::testing::Values(Kernel::kFused, Kernel::kPlain));

}  // namespace
}  // namespace foresee
