#include <deque>
#include <functional>

#include "jepa/core/cpu/usable.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "tools/bench/bench.h"
#include "tools/bench/busy_process.h"

namespace foresee::tools {
namespace {

using nlohmann::ordered_json;

/// Median milliseconds of some small work.
using Work = std::function<double()>;

double plan_ms(const BusyBench& bench) {
  RolloutBench work{.candidates = 16, .horizons = {2}};
  work.width = work.encoder_width = 192;
  work.depth = 4;
  work.heads = 3;
  work.side = 4;
  work.repetitions = bench.repetitions;
  work.seed = bench.seed;
  return bench_rollout(work).at("horizon_2").at("cached_ms").at("p50").get<double>();
}

double train_ms(const BusyBench& bench) {
  const TrainBench work{.precisions = {"fp32"}, .batch = 8, .repetitions = bench.repetitions, .seed = bench.seed};
  return bench_train(work).at("fp32").at("ms").at("p50").get<double>();
}

}  // namespace

ordered_json bench_busy(const BusyBench& bench) {
  ordered_json out{{"threads", at::get_num_threads()},
                   {"usable_cores", usable_cpus()},
                   {"busy_processes", bench.processes},
                   {"repetitions", bench.repetitions}};
  const std::pair<const char*, Work> works[] = {{"plan", [&] { return plan_ms(bench); }},
                                                {"train", [&] { return train_ms(bench); }}};
  for (const auto& [name, work] : works) {
    const double alone = work();
    std::deque<BusyProcess> others;
    for (int64_t i = 0; i < bench.processes; ++i) others.emplace_back();
    const double beside = work();
    out[name] = {{"idle_ms", alone}, {"busy_ms", beside}, {"ratio", beside / alone}};
  }
  return out;
}

}  // namespace foresee::tools
