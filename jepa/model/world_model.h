#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "jepa/core/action_spec.h"
#include "jepa/core/tensor.h"
#include "jepa/io/model_folder.h"

namespace foresee {

/// What a robot or an environment has seen: B histories of equal length, oldest first.
struct Observation {
  Tensor frames;        // uint8 [B, T, 3, H, W], RGB; frames lie one action block apart
  Tensor actions;       // float [B, (T-1) * block, A], environment units; undefined when T == 1
  Tensor state;         // float [B, T, S], the robot's state where the family wants it; else undefined
  Tensor extrinsics{};  // float [B, T, 6], the camera's pose where the model was trained with it; else undefined
};

/// A family's encoded history; opaque to everyone else.
class Context {
 public:
  virtual ~Context() = default;
  virtual int64_t batch() const = 0;
  /// The given rows (an index may repeat).
  virtual std::unique_ptr<Context> rows(const Tensor& index) const = 0;
};

/// One facade over the action-conditioned families; what planning and evaluation see of a network.
/// Methods run without gradients unless `actions` requires them, and on the device of the weights.
class WorldModel {
 public:
  virtual ~WorldModel() = default;

  virtual const ActionSpec& action_spec() const = 0;
  virtual const Preprocess& preprocess() const = 0;

  virtual std::unique_ptr<Context> encode(const Observation& observation) const = 0;
  /// The goal representation. @param frames  uint8 [B, 3, H, W]. @returns the family's own shape, first axis B.
  virtual Tensor encode_goal(const Tensor& frames) const = 0;

  /// Cost of candidate plans: roll-out and objective together, lower is better.
  /// @param actions  float [B, K, H, D], normalised blocks (ActionSpec). @returns float [B, K].
  virtual Tensor costs(const Context& context, const Tensor& goal, const Tensor& actions) const = 0;
  /// The latents that `costs` judges, for pictures and evaluation. @returns float [B, K, H, ...].
  virtual Tensor rollout(const Context& context, const Tensor& actions) const = 0;

  /// What `costs` can measure, by name; the first is the default.
  virtual std::vector<std::string> objectives() const { return {"latent"}; }
  /// Chooses what `costs` measures. @throws ConfigError naming the objectives there are.
  virtual void set_objective(const std::string& name);
  /// Whether the model can propose plans itself.
  virtual bool proposes() const { return false; }
  /// A plan without a search, by what was learned of the way to goals. @pre proposes().
  /// @returns float [B, H, D], normalised blocks.
  virtual Tensor propose(const Context& context, const Tensor& goal, int64_t horizon) const;
  /// Numbers of the robot's own state that the family wants beside pictures, of observation and goal; 0: none.
  virtual int64_t proprioception() const { return 0; }
  /// The goal representation of pictures and states. @param state  float [B, proprioception()]; undefined without.
  virtual Tensor encode_goal_state(const Tensor& frames, const Tensor& state) const;
};

/// Loads a model folder as a world model, by its family (an explicit list: `lewm`, `vjepa2_ac`), or Meta's V-JEPA 2-AC
/// file. @param device  where its weights go.
/// @throws CheckpointError when the family plans no actions (names the ones that do).
std::unique_ptr<WorldModel> load_world_model(const std::filesystem::path& folder, at::Device device = at::kCPU);

}  // namespace foresee
