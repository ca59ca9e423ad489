#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "jepa/core/config.h"
#include "planner/env/env.h"

namespace foresee::planner {

class ChildProcess;

/// An environment of one's own: a program that Foresee starts and talks to.
struct ProcessConfig {
  std::string command;    // run by /bin/sh -c, in the present folder: "python3 my_env.py"
  double timeout_s = 60;  // from a question to the end of its answer
  std::string variation;  // factors that the program is told of, a JSON object as text; empty: none

  /// @throws ConfigError where `variation` is no JSON object.
  void validate() const;
};
void describe(Fields& fields, ProcessConfig& config);

// Note [Process protocol]
// One JSON object a line on the program's standard input, one on its standard output in answer; pictures follow their
// line as raw bytes. What the program prints for people goes to standard error, and appears among our own lines.
// tools/python/foresee_env.py speaks it for any Gymnasium environment.
//
//   {"do": "spec"}                          {"action_low": [..], "action_high": [..]}
//   {"do": "spec", "variation": {..}}       the same; from now on, reset gives the factors these values
//   {"do": "reset", "seed": 7}              {"state": [..], "goal": [..]}
//   {"do": "step", "action": [..]}          {"state": [..], "solved": false, "distance": 12.5}
//   {"do": "set_state", "state": [..]}      {"state": [..], "solved": .., "distance": ..}
//   {"do": "set_goal", "goal": [..]}        {"solved": .., "distance": ..}
//   {"do": "render", "size": 64}            {"bytes": 12288}  and so many bytes: RGB, row by row, size x size
//   {"do": "render_goal", "size": 64}       the same, of the goal
//
// Any answer may be {"error": "what went wrong"}. The program ends when its standard input does. "distance" is not
// negative and 0 at the goal; without a better idea, the Euclidean distance to it. set_state must bring back everything
// that later steps depend on: it is how copies are made.

/// The other end of Note [Process protocol]. Every copy is a process of its own.
class ProcessEnv final : public Env {
 public:
  /// Starts the program. @throws Error when it cannot be started or does not answer as it should.
  explicit ProcessEnv(ProcessConfig config);
  ~ProcessEnv() override;

  std::unique_ptr<Env> clone() const override;
  void reset(RandomSequence& random) override;
  bool step(std::span<const double> action) override;
  std::vector<double> state() const override { return state_; }
  void set_state(std::span<const double> state) override;
  std::vector<double> goal() const override { return goal_; }
  void set_goal(std::span<const double> goal) override;
  bool solved() const override { return solved_; }
  double distance_to_goal() const override { return distance_; }
  Tensor render(int64_t size) const override;
  Tensor render_goal(int64_t size) const override;
  ActionSpec action_spec() const override { return actions_; }
  bool goes_on() const override { return false; }  // Gymnasium leaves open what a step after the end does

 private:
  Tensor picture(const char* what, int64_t size) const;

  ProcessConfig config_;
  std::unique_ptr<ChildProcess> child_;
  ActionSpec actions_;
  std::vector<double> state_, goal_;
  bool solved_ = false;
  double distance_ = 0;
};

struct Environment;  // planner/env/environments.h
/// Its row of the table of environments.
Environment process_environment();

}  // namespace foresee::planner
