#include "foresee/evaluate/video.h"

#include <algorithm>

#include "data/picture/image.h"
#include "jepa/core/error.h"
#include "jepa/core/interrupted.h"
#include "jepa/core/log.h"
#include "jepa/core/torch.h"
#include "jepa/core/watch/progress.h"
#include "planner/control/picture_fit.h"
#include "planner/eval/film_strip.h"
#include "planner/eval/methods.h"

namespace foresee {
namespace {

namespace fs = std::filesystem;
using planner::Start, planner::Trial;

constexpr size_t kStripMoments = 8;

/// What one plan imagined.
struct ImaginedPlan {
  int64_t step = 0;  // environment steps before it
  Tensor latents{};  // float [H, ...]
};

struct PlayedTrial {
  Trial trial;
  std::vector<ImaginedPlan> plans;
};

/// Counts the steps of a method.
class CountedMethod final : public planner::Method {
 public:
  CountedMethod(std::unique_ptr<planner::Method> method, int64_t& step) : method_(std::move(method)), step_(step) {}
  std::vector<planner::Decision> act(std::span<const int64_t> active) override {
    auto decisions = method_->act(active);
    ++step_;
    return decisions;
  }

 private:
  std::unique_ptr<planner::Method> method_;
  int64_t& step_;
};

PlayedTrial play_again(const VideoTask& task, const planner::Env& env, const std::string& method, int64_t index) {
  PlayedTrial played;
  int64_t step = 0;
  planner::ControlOptions options{.imagine = true, .seed = task.seed};
  options.job.stop = task.control.stop;
  const planner::EvalConfig config = planner::method_config(method, task.config);
  const std::vector<Start>& starts = task.result.starts.starts;
  const auto make =
      planner::watched_model_method(task.model, config, options, starts, [&](size_t, const planner::ControlPlan& plan) {
        played.plans.push_back({step, plan.imagined});
      });
  const auto trials = planner::run_trials(
      env, std::span(starts).subspan(static_cast<size_t>(index), 1),
      [&](const planner::Envs& envs, int64_t) { return std::make_unique<CountedMethod>(make(envs, index), step); },
      {.budget = config.step_budget(), .stop = task.control.stop});
  if (trials.empty()) fail<Interrupted>("eval: interrupted");
  played.trial = trials.front();
  played.trial.start = index;
  return played;
}

/// The real pictures of a trial at the ends of action blocks, and the goal.
struct RealPictures {
  std::vector<Tensor> blocks;  // uint8 [3, H, W], from the start on
  Tensor latents;              // float [N, ...] of them
  Tensor goal, end;            // uint8 [3, H, W]; end undefined: it is the last of `blocks`
};

RealPictures real_pictures(const VideoTask& task, const planner::Env& env, const Trial& trial) {
  const Start& start = task.result.starts.starts[static_cast<size_t>(trial.start)];
  const auto shown = (start.scene ? *start.scene : env).clone();
  const PictureSpec spec = task.model.picture_spec();
  const StateSpec state = task.model.state_spec();
  const auto draw = [&](const Tensor& picture) { return planner::fit_picture(picture, spec); };
  shown->set_goal(start.goal);
  RealPictures out;
  out.goal = draw(shown->render_goal(spec.size));
  std::vector<Tensor> states;
  const int64_t block = task.model.action_spec().block;
  for (int64_t step = 0; step <= trial.steps; step += block) {
    shown->set_state(trial.path[static_cast<size_t>(step)]);
    out.blocks.push_back(draw(shown->render(spec.size)));
    if (state.of_goal) states.push_back(torch::tensor(planner::own_state(*shown, state), at::kFloat));
  }
  out.latents = encode_pictures(task.model, at::stack(out.blocks), states.empty() ? Tensor() : at::stack(states));
  if (trial.steps % block != 0) {
    shown->set_state(trial.path.back());
    out.end = draw(shown->render(spec.size));
  }
  return out;
}

/// @param parted  receives the first step at which what happened and what was imagined had parted.
Film film_of(const VideoTask& task, const RealPictures& real, const PlayedTrial& played,
             std::optional<int64_t>& parted) {
  const Trial& trial = played.trial;
  const int64_t block = task.model.action_spec().block;
  FilmMaker maker(task.model, task.bank, "what happened; below: how far off");
  maker.add({.title = "start", .cells = {}}, {real.blocks.front(), "start"}, real.latents[0]);
  for (size_t p = 0; p < played.plans.size(); ++p) {
    const ImaginedPlan& plan = played.plans[p];
    const int64_t until = p + 1 < played.plans.size() ? played.plans[p + 1].step : trial.steps;
    bool marked_before = false;
    for (int64_t h = 1; h <= plan.latents.size(0) && plan.step + h * block <= until; ++h) {
      const int64_t step = plan.step + h * block, at = step / block;
      const Tensor imagined = plan.latents[h - 1];
      const double off = latent_distances(imagined.unsqueeze(0), real.latents.slice(0, at, at + 1)).item<double>();
      FilmMoment moment{.title = fmt::format("step {}, plan {}", step, p + 1), .cells = {}};
      moment.marked = off > task.bank.step;
      if (moment.marked && !parted) parted = step;
      if (moment.marked && !marked_before) moment.title = fmt::format("step {}: parted", step);
      marked_before = marked_before || moment.marked;
      maker.add(std::move(moment), {real.blocks[static_cast<size_t>(at)], fmt::format("{:.3f}", off)}, imagined);
    }
  }
  if (real.end.defined())
    maker.add({.title = fmt::format("step {}: end", trial.steps), .cells = {}}, {real.end, ""}, {});
  maker.add({.title = "goal", .cells = {}}, {real.goal, "wanted"}, {});
  return maker.take(
      {fmt::format("start {}, {} after {} steps", trial.start, trial.success ? "reached" : "not reached", trial.steps),
       fmt::format("red: parted by more than {:.3f}, real frames a block apart", task.bank.step)});
}

/// Its first and last moments, the first marked one, and others evenly between them.
Film thinned(const Film& film) {
  if (film.moments.size() <= kStripMoments) return film;
  const size_t last = film.moments.size() - 1;
  std::vector<size_t> kept;
  for (size_t i = 0; i < kStripMoments; ++i) kept.push_back(i * last / (kStripMoments - 1));
  const auto marked = std::find_if(film.moments.begin(), film.moments.end(), [](const auto& m) { return m.marked; });
  if (marked != film.moments.end()) kept.push_back(static_cast<size_t>(marked - film.moments.begin()));
  std::sort(kept.begin(), kept.end());
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  Film out{.titles = film.titles, .rows = film.rows, .moments = {}};
  for (const size_t index : kept) out.moments.push_back(film.moments[index]);
  return out;
}

}  // namespace

void check_video(const EvaluateRequest& request, const planner::EvalConfig& config) {
  if (request.vary)
    throw RequestError("video", "eval: a sweep has one evaluation for each value: film one of them without the sweep");
  const auto plans = [](const std::string& method) { return method == "planner" || method.starts_with("planner:"); };
  if (std::none_of(config.methods.begin(), config.methods.end(), plans))
    throw RequestError("video", "eval: none of the methods that are asked for imagines anything: add method planner");
}

TrialFilms film_trials(const VideoTask& task, int64_t count) {
  const planner::MethodResult* method = task.result.planner();
  TrialFilms out;
  if (method == nullptr || method->trials.empty()) return out;
  const auto env = planner::make_env(task.result.env, task.config.variation);
  const auto order = planner::failures_first(method->trials);
  const auto shown = std::min<int64_t>(count, static_cast<int64_t>(order.size()));
  Progress progress(task.control, "video", shown, "episodes");
  for (int64_t i = 0; i < shown; ++i) {
    const Trial& before = method->trials[static_cast<size_t>(order[static_cast<size_t>(i)])];
    const PlayedTrial played = play_again(task, *env, method->method, before.start);
    if (played.trial.path != before.path)
      log_warning("eval: start {} went otherwise when it was played again for the video", before.start);
    EvaluationVideo::Trial row{.start = before.start, .success = played.trial.success, .parted = {}};
    out.films.push_back(film_of(task, real_pictures(task, *env, played.trial), played, row.parted));
    out.trials.push_back(row);
    progress.update(i + 1);
  }
  progress.finish();
  return out;
}

void add_to_strips(const fs::path& folder, const TrialFilms& filmed) {
  for (size_t i = 0; i < filmed.films.size(); ++i)
    for (const char* const end : {"success", "failure"}) {
      const fs::path file = folder / fmt::format("strips/planner_{:03d}_{}.png", filmed.trials[i].start, end);
      if (!fs::exists(file)) continue;
      const Tensor strip = data::read_image(file);
      data::write_image(file, below_each_other({strip, draw_film(thinned(filmed.films[i]))}));
    }
}

}  // namespace foresee
