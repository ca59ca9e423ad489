#include "planner/eval/surprise/scores.h"

#include <algorithm>
#include <map>

#include "jepa/core/error.h"
#include "jepa/core/interrupted.h"
#include "jepa/core/torch.h"

namespace foresee::planner {
namespace {

constexpr int64_t kFirstOffset = -2;

/// Counts pairs of one measure.
class Counter {
 public:
  /// @param coins  decide ties, one for each pair. @returns of each pair whether it is told.
  std::vector<bool> add(const Tensor& changed, const Tensor& unchanged, const Random& coins) {
    const Tensor a = changed.amax(1), b = unchanged.amax(1);
    std::vector<bool> out;
    for (int64_t i = 0; i < a.size(0); ++i, ++n_) {
      const float first = a[i].item<float>(), second = b[i].item<float>();
      out.push_back(first == second ? coins.integer(static_cast<uint64_t>(n_), 2) == 1 : first > second);
      right_ += out.back() ? 1 : 0;
    }
    return out;
  }
  SuccessRate rate() const { return success_rate(right_, n_); }

 private:
  int64_t right_ = 0, n_ = 0;
};

/// Means of scores by their offset from the violation.
class CurveMeans {
 public:
  void add(const Witness& witness, const std::optional<int64_t>& at, const PairScores& pair) {
    const int64_t begin = at ? witness.first_score(*at) : 0;
    for (int64_t i = 0; i < std::ssize(pair.changed); ++i) {
      const int64_t offset = i - begin;
      if (at && (offset < kFirstOffset || offset > witness.follows)) continue;
      Sum& sum = sums_[offset];
      sum.changed += pair.changed[static_cast<size_t>(i)];
      sum.unchanged += pair.unchanged[static_cast<size_t>(i)];
      ++sum.n;
    }
  }
  SurpriseCurve curve() const {
    SurpriseCurve out;
    for (const auto& [offset, sum] : sums_) {
      out.offsets.push_back(offset);
      out.changed.push_back(sum.changed / static_cast<double>(sum.n));
      out.unchanged.push_back(sum.unchanged / static_cast<double>(sum.n));
    }
    return out;
  }

 private:
  struct Sum {
    double changed = 0, unchanged = 0;
    int64_t n = 0;
  };
  std::map<int64_t, Sum> sums_;
};

std::vector<double> numbers_of(const Tensor& row) {
  const Tensor values = row.to(at::kDouble).contiguous();
  return {values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel()};
}

/// Pairs that are watched together: all of one length.
struct Group {
  std::vector<Tensor> changed, unchanged, actions;
  std::vector<std::optional<int64_t>> at;

  bool takes(const ViolationPair& pair) const { return at.empty() || changed.front().sizes() == pair.changed.sizes(); }
  void add(const ViolationPair& pair) {
    changed.push_back(pair.changed);
    unchanged.push_back(pair.unchanged);
    if (pair.actions.defined()) actions.push_back(pair.actions);
    at.push_back(pair.at);
  }
};

class Judge {
 public:
  Judge(const Witness& witness, const Random& coins) : witness_(witness), coins_(coins) {}

  void watch(const Group& group) {
    const Tensor acted = group.actions.empty() ? Tensor() : at::stack(group.actions);
    const auto [with, without] = witness_.watch(at::stack(group.changed), at::stack(group.unchanged), acted);
    const std::vector<bool> found = surprise_.add(with.surprise, without.surprise, coins_);
    latent_.add(with.latent_change, without.latent_change, coins_);
    pixels_.add(with.pixels, without.pixels, coins_);
    for (size_t i = 0; i < group.at.size(); ++i) {
      const auto row = static_cast<int64_t>(i);
      pairs_.push_back({found[i], numbers_of(with.surprise[row]), numbers_of(without.surprise[row])});
      curve_.add(witness_, group.at[i], pairs_.back());
    }
  }
  ViolationScores scores() {
    return {{surprise_.rate(), latent_.rate(), pixels_.rate()}, curve_.curve(), std::move(pairs_)};
  }

 private:
  const Witness& witness_;
  const Random& coins_;
  Counter surprise_, latent_, pixels_;
  CurveMeans curve_;
  std::vector<PairScores> pairs_;
};

}  // namespace

ViolationScores score_violations(const Witness& witness, const PairMaker& pair, int64_t count, const Random& coins,
                                 const JobControl& control) {
  Judge judge(witness, coins);
  Group group;
  const auto watch = [&] {
    if (!group.at.empty()) judge.watch(std::exchange(group, {}));
  };
  for (int64_t i = 0; i < count; ++i) {
    if (control.stopping()) fail<Interrupted>("eval: interrupted; nothing was scored");
    const ViolationPair next = pair(i);
    if (!group.takes(next) || std::ssize(group.at) == witness.at_once) watch();
    group.add(next);
  }
  watch();
  return judge.scores();
}

}  // namespace foresee::planner
