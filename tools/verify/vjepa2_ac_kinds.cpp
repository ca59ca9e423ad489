
#include <algorithm>
#include <set>

#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "jepa/io/state_dict.h"
#include "jepa/model/vjepa2/files/weights.h"
#include "jepa/model/vjepa2_ac/arm_pose.h"
#include "jepa/model/vjepa2_ac/world_model.h"
#include "jepa/train/action_predictor/step.h"
#include "planner/planner.h"
#include "tools/verify/case.h"
#include "tools/verify/vjepa2_sizes.h"

namespace foresee::parity {
namespace {

using nlohmann::json;

// One number for squares, [height, width] else.
std::pair<int64_t, int64_t> picture_size(const json& size) {
  if (size.is_number()) return {size.get<int64_t>(), size.get<int64_t>()};
  return {size.at(0).get<int64_t>(), size.at(1).get<int64_t>()};
}

void check_supported(const json& predictor) {
  if (!predictor.value("is_frame_causal", true)) fail<DataError>("this program's predictor is always frame-causal");
}

Vjepa2AcConfig ac_config(const json& config) {
  const auto& predictor = config.at("predictor");
  check_supported(predictor);
  Vjepa2AcConfig model;
  read_sizes(config, model);
  model.encoder.image_size = picture_size(config.at("crop_size")).first;
  model.predictor.use_extrinsics = predictor.value("use_extrinsics", false);
  model.normalise_features = config.value("normalize_reps", true);
  return model;
}

/// The checkpoint as the planner loads it, with what the file does not say taken from the case.
Vjepa2Ac official_model(const Case& c, const json& config) {
  Vjepa2ReadOptions options;
  options.heads = config.at("encoder").at("num_heads").get<int64_t>();
  options.action_heads = config.at("predictor").at("heads").get<int64_t>();
  options.image_size = picture_size(config.at("img_size")).first;
  check_supported(config.at("predictor"));
  const Vjepa2Ac loaded = load_vjepa2_ac(read_vjepa2(c.folder() / "latest.pt", options),
                                         config.at("predictor").value("use_extrinsics", false))
                              .model;
  Vjepa2AcConfig changed = loaded.config;
  changed.normalise_features = config.value("normalize_reps", true);
  Vjepa2Ac model(changed, loaded.encoder);
  model.load(loaded.weights(), "latest.pt");
  return model;
}

/// [B, 3, T, H, W] -> features [B, T * n, D] of every frame alone.
Tensor clip_features(const Vjepa2Ac& model, const Tensor& clip) {
  const int64_t batch = clip.size(0);
  return model.encode(clip.transpose(1, 2).flatten(0, 1)).unflatten(0, {batch, -1}).flatten(1, 2);
}

void expect_poses(Case& c) {
  if (!c.has("io.safetensors:pose.poses")) return;
  const Tensor poses = c.io("pose.poses"), actions = c.io("pose.actions");
  const int64_t count = poses.size(0);
  c.expect_io("pose.compute_new_pose", compute_new_pose(poses, actions));
  c.expect_io("pose.compute_new_pose_f32", compute_new_pose(poses.to(at::kFloat), actions.to(at::kFloat)));
  c.expect_io("pose.poses_to_diffs", poses_to_diffs(poses));
  c.expect_io("pose.poses_to_diff", poses_to_diff(poses.narrow(0, 0, count - 1), poses.narrow(0, 1, count - 1)));
}

void expect_searches(Case& c, const Vjepa2AcWorldModel& world, const Context& context, const Tensor& goal) {
  const json searches = c.json().value("cem", json());
  if (!searches.is_object()) return;
  for (const auto& [name, settings] : searches.items()) {
    planner::SearchConfig search = planner::arm_search();
    search.horizon = settings.value("rollout", int64_t{1});
    search.samples = settings.value("samples", int64_t{100});
    search.elites = settings.value("topk", int64_t{10});
    search.iterations = settings.value("cem_steps", int64_t{100});
    planner::ArmCemConfig arm;
    arm.momentum_mean = settings.value("momentum_mean", 0.25);  // absent ones: the defaults of the bare cem
    arm.momentum_std = settings.value("momentum_std", 0.95);
    arm.momentum_mean_gripper = settings.value("momentum_mean_gripper", 0.15);
    arm.momentum_std_gripper = settings.value("momentum_std_gripper", 0.15);
    arm.maxnorm = settings.value("maxnorm", 0.05);
    if (const auto close = settings.value("close_gripper", json()); close.is_number())
      arm.close_gripper = close.get<int64_t>();
    const json axes = settings.value("axis", json::object());
    for (const auto& [axis, value] : axes.items()) {
      std::optional<double>* const pins[] = {&arm.pin_x, &arm.pin_y, &arm.pin_z, &arm.pin_gripper};
      *pins[static_cast<size_t>((std::stoi(axis) + 4) % 4)] = value.get<double>();
    }
    planner::SearchRequest request;
    request.init = at::zeros({1, 0, planner::kArmSearched});
    request.noise = c.io("cem." + name + ".noise").permute({0, 2, 1, 3}).unsqueeze(1);  // [steps, 1, K, H, 4]
    const auto cost = [&](const Tensor& actions, const Tensor&) {
      return world.costs(context, goal, world.action_spec().normalise(actions));
    };
    planner::CemOptions options = planner::arm_options(arm);
    options.cut_plan = false;
    c.expect_io("cem." + name + ".action",
                planner::cem(cost, request, search, options, planner::arm_space(arm)).blocks[0]);
  }
}

}  // namespace

void verify_vjepa2_official_ac(Case& c) {
  const torch::NoGradGuard no_grad;
  expect_checkpoint_files(c);
  const auto& config = c.json().at("config");
  const Vjepa2Ac model = official_model(c, config);
  const auto [height, width] = picture_size(config.at("img_size"));
  const int64_t patch = config.at("patch_size").get<int64_t>();
  const FrameGrid grid{height / patch, width / patch};

  const Tensor features = clip_features(model, c.io("clip"));
  c.expect_io("reps", features);
  const ActionSteps all{features, c.io("actions"), c.io("states"),
                        model.config.predictor.use_extrinsics ? c.io("extrinsics") : Tensor()};
  for (int64_t steps = 1; steps <= all.steps(); ++steps)
    c.expect_io(fmt::format("pred_T{}", steps), model.predictor->forward(all.slice(0, steps), grid));
  expect_poses(c);

  Preprocess preprocess;
  preprocess.size = height;
  const auto encode_pictures = [&](const Tensor& pictures) {  // [N, H, W, 3]
    return model.encode(frame_input(pictures.permute({0, 3, 1, 2}), preprocess, height, width));
  };
  if (c.has("io.safetensors:images")) c.expect_io("wm_encode_square", encode_pictures(c.io("images")));
  if (c.has("io.safetensors:image_wide"))
    c.expect_io("wm_encode_wide", encode_pictures(c.io("image_wide").unsqueeze(0)));
  if (!c.has("io.safetensors:goal_clip") || !c.has("io.safetensors:pose0")) return;

  const Vjepa2AcWorldModel world(model, ActionSpec{.size = model.config.predictor.action_size}, preprocess);
  const Tensor goal = clip_features(model, c.io("goal_clip"));
  c.expect_io("goal_rep", goal);
  const Tensor first = features.narrow(0, 0, 1).narrow(1, 0, grid.tokens()).unsqueeze(1);  // [1, 1, n, D]
  Observation rest;
  rest.state = c.io("pose0");
  if (all.extrinsics.defined()) rest.extrinsics = all.extrinsics.narrow(0, 0, 1).narrow(1, 0, 1);
  const auto context = world.encode_features(first, grid, rest);
  if (c.has("io.safetensors:candidates")) {
    const Tensor candidates = c.io("candidates").unsqueeze(0), rolled = world.rollout(*context, candidates)[0];
    c.expect_io("rollout_reps", at::cat({first.expand({rolled.size(0), -1, -1, -1}), rolled}, 1));
    c.expect_io("rollout_poses", world.states(*context, candidates)[0]);
    const Tensor energies = world.costs(*context, goal, candidates)[0];
    c.expect_io("energies", energies);
    c.expect_io("energy_order", energies.argsort());
  }
  expect_searches(c, world, *context, goal);
}

void verify_vjepa2_ac_train_step(Case& c) {
  const auto& config = c.json().at("config");
  const auto& optimizer = config.at("optimizer");
  Vjepa2Ac model(ac_config(config));
  // The reference is a float64 run; in float32 Adam turns the rounding of gradients near 0 into whole steps.
  model.encoder->to(at::kDouble);
  model.predictor->to(at::kDouble);
  load_state_dict(*model.encoder, c.file("weights_before.encoder.safetensors"), "weights_before.encoder.safetensors");
  load_state_dict(*model.predictor, c.file("weights_before.predictor.safetensors"),
                  "weights_before.predictor.safetensors");
  AcTrainer trainer(model, {optimizer.at("betas").at(0).get<double>(), optimizer.at("betas").at(1).get<double>(),
                            optimizer.at("eps").get<double>()});
  PretrainSchedule schedule;
  schedule.shape = RateShape::kWarmupStableDecay;
  schedule.start_rate = optimizer.at("start_lr").get<double>();
  schedule.peak_rate = optimizer.at("lr").get<double>();
  schedule.final_rate = optimizer.at("final_lr").get<double>();
  schedule.weight_decay = optimizer.at("wd").get<double>();
  schedule.final_weight_decay = optimizer.at("final_wd").get<double>();
  schedule.steps_per_epoch = optimizer.at("ipe").get<double>();
  schedule.epochs = optimizer.at("epochs").get<double>();
  schedule.warmup_epochs = optimizer.at("warmup").get<double>();
  schedule.anneal_epochs = optimizer.at("anneal").get<double>();
  schedule.stretch = 1.0;
  const AcObjective objective{config.value("auto_steps", int64_t{1}), config.value("loss_exp", 1.0)};

  std::set<std::string> with_gradient;
  json losses, teacher, rollout, rates, decays;
  for (int64_t step = 0; step < c.json().at("steps").get<int64_t>(); ++step) {
    const auto input = [&](const char* name) { return c.io(fmt::format("step{}.{}", step, name)).to(at::kDouble); };
    const Tensor clip = input("clip");
    const FrameGrid grid{clip.size(3) / model.config.encoder.patch_size,
                         clip.size(4) / model.config.encoder.patch_size};
    AcBatch batch{clip_features(model, clip), input("actions"), input("states"), Tensor()};
    if (model.config.predictor.use_extrinsics) batch.extrinsics = input("extrinsics");
    const AcForward forward = ac_forward(model, batch, grid, objective);
    forward.loss.backward();
    losses.push_back(forward.loss.item<double>());
    teacher.push_back(forward.teacher_loss.item<double>());
    rollout.push_back(forward.rollout_loss.item<double>());
    c.expect_io(fmt::format("step{}.reps", step), batch.features);
    c.expect_io(fmt::format("step{}.z_tf", step), forward.predictions);
    for (size_t i = 0; i < forward.rollout_calls.size(); ++i)
      c.expect_io(fmt::format("step{}.rollout_call{}", step, i + 1), forward.rollout_calls[i]);
    for (const auto& entry : model.predictor->named_parameters()) {
      if (!entry.value().grad().defined()) continue;
      with_gradient.insert(entry.key());
      c.expect_io(fmt::format("grad_step{}.{}", step, entry.key()), entry.value().grad());
    }
    const StepRates now = rates_at(schedule, step + 1);
    rates.push_back(now.learning_rate);
    decays.push_back(now.weight_decay);
    trainer.update(now);
    for (const auto& [name, value] : state_dict(*model.predictor))
      c.expect(fmt::format("weights_after_step{}.predictor.safetensors:{}", step + 1, name), value);
  }

  json without_gradient = json::array();
  for (const auto& entry : model.predictor->named_parameters())
    if (!with_gradient.contains(entry.key())) without_gradient.push_back(entry.key());
  const TensorMap before = c.file("weights_before.encoder.safetensors"), after = state_dict(*model.encoder);
  const bool unchanged = std::all_of(before.begin(), before.end(), [&](const auto& entry) {
    return at::equal(entry.second.to(at::kDouble), after.at(entry.first));
  });
  c.expect_json("loss", losses);
  c.expect_json("jloss", teacher);
  c.expect_json("sloss", rollout);
  c.expect_json("lr_per_step", rates);
  c.expect_json("weight_decay_per_step", decays);
  c.expect_json("tensors_without_gradient", without_gradient);
  c.expect_json("encoder_unchanged", unchanged);
}

}  // namespace foresee::parity
