#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jepa/core/action/action_spec.h"
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

/// What is wanted, of B problems. Pictures alone are a goal as they are.
struct Goal {
  Goal() = default;
  Goal(Tensor pictures, Tensor state = {}, Tensor weight = {})  // NOLINT: implicit
      : pictures(std::move(pictures)), state(std::move(state)), weight(std::move(weight)) {}

  Tensor pictures;  // uint8 [B, 3, H, W], RGB
  Tensor state;     // float [B, S], where StateSpec says that a goal has one; else undefined
  Tensor weight;    // float [B], > 0: whoever adds up or compares costs multiplies with it; undefined: 1
};

/// What of the robot's own state a world model takes beside pictures.
struct StateSpec {
  enum class Kind {
    kNone,     // nothing
    kNumbers,  // numbers as the training data had them
    kArmPose,  // an arm's pose, Note [Arm poses]; actions are changes of it
  };
  Kind kind = Kind::kNone;
  int64_t size = 0;        // numbers of one state
  bool of_goal = false;    // whether a goal has a state too
  int64_t extrinsics = 0;  // numbers of the camera's pose that the model takes with every picture; 0: it takes none
};

/// What a plan is judged by.
enum class Objective {
  kLatent,    // how far the last prediction is from the goal's encoding
  kDistance,  // steps to the goal, as a distance head says
};
inline constexpr std::pair<Objective, std::string_view> kObjectiveNames[] = {{Objective::kLatent, "latent"},
                                                                             {Objective::kDistance, "distance"}};

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
  virtual StateSpec state_spec() const { return {}; }
  /// Pictures, one block apart, that a prediction looks back on at most: 1 where a model is used with the present
  /// alone.
  virtual int64_t history() const { return 1; }
  /// What pictures it works on, and how others are brought to that size. encode takes pictures of any size where the
  /// transform is kCenterSquare, else those of data::fit_picture alone.
  const PictureSpec& picture_spec() const { return preprocess(); }

  virtual std::unique_ptr<Context> encode(const Observation& observation) const = 0;
  /// The goal's encoding. @returns the family's own shape, first axis B. @throws Error for a state that is missing.
  virtual Tensor encode_goal(const Goal& goal) const = 0;

  /// Cost of candidate plans: roll-out and objective together, lower is better.
  /// @param goal  what encode_goal gave. @param actions  float [B, K, H, D], normalised blocks (ActionSpec).
  /// @param objective  one of objectives(). @returns float [B, K].
  virtual Tensor costs(const Context& context, const Tensor& goal, const Tensor& actions,
                       Objective objective = Objective::kLatent) const = 0;
  /// What `costs` says of every beginning of a plan: entry h is the cost of its first h + 1 blocks. The default asks
  /// `costs` for each of them. @param goal, actions, objective  as of `costs`. @returns float [B, K, H].
  virtual Tensor step_costs(const Context& context, const Tensor& goal, const Tensor& actions,
                            Objective objective = Objective::kLatent) const;
  /// The latents that `costs` judges, for pictures and evaluation. @returns float [B, K, H, ...].
  virtual Tensor rollout(const Context& context, const Tensor& actions) const = 0;

  /// The robot's states along plans, the present one first, where the model predicts them; else undefined.
  /// @param actions  float [B, K, H, D]. @returns double [B, K, H + 1, S], the environment's units.
  virtual Tensor states(const Context& context, const Tensor& actions) const;

  /// Pictures of latents by the model's picture decoder, for people to look at; undefined where it has none.
  /// @param latents  float [N, ...], as encode_goal gives them. @returns uint8 [N, 3, S, S], RGB.
  virtual Tensor decode(const Tensor& latents) const;

  /// What `costs` can measure.
  virtual std::vector<Objective> objectives() const { return {Objective::kLatent}; }
  /// Whether the model can propose plans itself.
  virtual bool proposes() const { return false; }
  /// A plan without a search, by what was learned of the way to goals. @pre proposes().
  /// @returns float [B, H, D], normalised blocks.
  virtual Tensor propose(const Context& context, const Tensor& goal, int64_t horizon) const;
};

/// @throws ConfigError when the model cannot judge plans by it.
void require_objective(const WorldModel& model, Objective objective);

/// Loads a model folder, a run folder or a published file as a world model, by its family (jepa/model/family/family.h).
/// @param device  where its weights go.
/// @throws CheckpointError when the family plans no actions (names the ones that do).
std::unique_ptr<WorldModel> load_world_model(const std::filesystem::path& folder, at::Device device = at::kCPU);

}  // namespace foresee
