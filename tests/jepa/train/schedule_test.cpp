// The schedules against values recorded from the reference implementations, and at their corners.
#include "jepa/train/schedule.h"

#include <gtest/gtest.h>

#include "jepa/core/files/file.h"
#include "jepa/io/safetensors.h"

namespace foresee {
namespace {

using nlohmann::json;

/// One recorded schedule, in optimizer steps.
struct Recorded {
  explicit Recorded(const json& schedule) : kind(schedule["kind"]), config(schedule["config"]) {
    const auto steps = [&](const char* key) {
      return static_cast<int64_t>(config.value(key, 0.0) * config["ipe"].get<double>());
    };
    warmup = steps("warmup");
    anneal = steps("anneal");
    total = static_cast<int64_t>(config.value("ipe_scale", 1.0) * config["epochs"].get<double>() *
                                 config["ipe"].get<double>());
  }

  double learning_rate(int64_t step) const {
    if (kind == "linear_decay") return linear_decay(step, total, config["lr"], config["final_lr"]);
    if (kind == "wsd")
      return warmup_stable_decay(step, warmup, anneal, total, config["start_lr"], config["lr"], config["final_lr"]);
    return warmup_cosine(step, warmup, total, config["start_lr"], config["lr"], config["final_lr"]);
  }

  std::string kind;
  json config;
  int64_t warmup, anneal, total;
};

TEST(Schedule, EqualsTheRecordedOnesOfVjepa2) {
  const auto recorded = read_json("tests/fixtures/vjepa2/schedules/case.json")["schedules"];
  ASSERT_GE(recorded.size(), 5u);
  for (const auto& values : recorded) {
    const Recorded schedule(values);
    for (size_t i = 0; i < values["step"].size(); ++i) {
      const int64_t step = values["step"][i];
      const auto where = values["name"].get<std::string>() + " step " + std::to_string(step);
      EXPECT_DOUBLE_EQ(schedule.learning_rate(step), values["lr"][i].get<double>()) << where;
      EXPECT_DOUBLE_EQ(cosine_weight_decay(step, schedule.total, schedule.config["wd"], schedule.config["final_wd"]),
                       values["weight_decay"][i].get<double>())
          << where;
      if (!values.contains("ema_momentum") || values["ema_momentum"][i].is_null()) continue;
      const auto& ema = schedule.config["ema"];
      EXPECT_DOUBLE_EQ(ema_momentum(step - 1, schedule.total, ema[0], ema[1]), values["ema_momentum"][i].get<double>())
          << where;
    }
  }
}

TEST(Schedule, EqualsTheRecordedOnesOfLewm) {
  const auto cases = read_json("tests/fixtures/lewm/lr_schedule/case.json")["cases"];
  const auto recorded = load_safetensors("tests/fixtures/lewm/lr_schedule/io.safetensors");
  ASSERT_EQ(cases.size(), 2u);
  for (const auto& schedule : cases) {
    const Tensor& rates = recorded.at(schedule["case"].get<std::string>() + ".lr");
    const int64_t total = schedule["total_steps"];
    ASSERT_EQ(rates.size(0), total);
    for (int64_t step = 0; step < total; ++step)
      EXPECT_NEAR(lewm_learning_rate(step, schedule["warmup_steps"], total, schedule["base_lr"], 0.0, 0.0),
                  rates[step].item<double>(), 1e-12);
  }
}

TEST(Schedule, WarmUpAndDecayMeetWithoutAJump) {
  EXPECT_DOUBLE_EQ(warmup_cosine(10, 10, 100, 0, 1, 0), 1);
  EXPECT_DOUBLE_EQ(warmup_cosine(100, 10, 100, 0, 1, 0.25), 0.25);
  EXPECT_DOUBLE_EQ(warmup_stable_decay(10, 10, 20, 100, 0, 1, 0), 1);
  EXPECT_DOUBLE_EQ(warmup_stable_decay(80, 10, 20, 100, 0, 1, 0), 1);
  EXPECT_DOUBLE_EQ(warmup_stable_decay(100, 10, 20, 100, 0, 1, 0), 0);
  EXPECT_DOUBLE_EQ(lewm_learning_rate(0, 10, 100, 1, 0.5, 0), 0.5);
  EXPECT_DOUBLE_EQ(lewm_learning_rate(100, 10, 100, 1, 0, 0.1), 0.1);
}

TEST(Schedule, AWarmUpOfZeroStepsDividesByNothing) {
  EXPECT_DOUBLE_EQ(warmup_cosine(0, 0, 100, 0.5, 1, 0), 1);
  EXPECT_DOUBLE_EQ(warmup_stable_decay(0, 0, 0, 100, 0.5, 1, 0), 1);
  EXPECT_DOUBLE_EQ(lewm_learning_rate(0, 0, 1, 1, 0, 0), 1);
  EXPECT_DOUBLE_EQ(warmup_cosine(5, 5, 5, 0, 1, 0), 1);
}

}  // namespace
}  // namespace foresee
