#include "foresee/model.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "foresee/control/picture.h"
#include "foresee/control/world_model_info.h"
#include "foresee/model/clip.h"
#include "foresee/model/model_access.h"
#include "foresee/settings/device.h"
#include "foresee/settings/settings_json.h"
#include "jepa/core/error.h"
#include "jepa/core/torch.h"
#include "planner/control/picture_fit.h"

namespace foresee {
namespace {

Array<float> array_of(const Tensor& tensor) {
  const Tensor values = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
  const float* begin = values.const_data_ptr<float>();
  return {.shape = values.sizes().vec(), .values = {begin, begin + values.numel()}};
}

Model::Info info_of(const Family& family, const ModelSource& source) {
  Model::Info info{.family = family.name, .description = family.description, .format = family.form(source.path)};
  for (const auto& network : family.networks(source))
    for (const Tensor& parameter : network->parameters()) info.parameters += parameter.numel();
  info.files = std::filesystem::is_directory(source.path) ? weight_files(resolve_model_folder(source.path))
                                                          : std::vector{source.path};
  info.plans = static_cast<bool>(family.make_world_model);
  return info;
}

}  // namespace

struct Model::Impl {
  Impl(const Options& given, const std::vector<Family>& known) : options(given) {
    const Family& family = family_of(given.model, known);
    const at::Device device = job_device(given.device);
    const ModelSource source{.path = given.model, .read = given.read};
    info = info_of(family, source);
    if (family.make_world_model) {
      world = family.make_world_model(given.model, {.device = device, .read = given.read});
      action = action_info(*world);
      state = state_info(*world);
      picture = picture_info(*world);
    } else if (family.make_encoder) {
      encoder = family.make_encoder(source, device);
      picture = {.size = encoder->pictures.size, .rule = rule_name(encoder->pictures)};
      info.frames = encoder->frames;
      info.tubelet = encoder->tubelet;
    }
  }

  /// float [...], of one picture.
  Tensor encode_one(const PictureView& view, std::span<const double> numbers) const {
    const torch::NoGradGuard no_grad;
    foresee::Goal goal(planner::fit_picture(picture_tensor(view), world->picture_spec()).unsqueeze(0));
    if (!numbers.empty()) {
      const std::vector<double> row(numbers.begin(), numbers.end());
      goal.state = torch::tensor(row, at::kDouble).to(at::kFloat).unsqueeze(0);
    }
    return world->encode_goal(goal)[0];
  }

  Options options;
  Info info;
  Controller::ActionInfo action;
  Controller::StateInfo state;
  Controller::PictureInfo picture;
  std::shared_ptr<const WorldModel> world;  // null: an encoder
  std::optional<ClipEncoder> encoder;
};

Model::Model(const Options& options) : Model(std::make_unique<Impl>(options, families())) {}
Model::Model(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Model::~Model() = default;
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;

Model ModelAccess::open(const Model::Options& options, const std::vector<Family>& known) {
  return Model(std::make_unique<Model::Impl>(options, known));
}

const Model::Info& Model::info() const { return impl_->info; }
const Controller::PictureInfo& Model::picture() const { return impl_->picture; }
const Controller::StateInfo& Model::state() const { return impl_->state; }
const Controller::ActionInfo& Model::action() const { return impl_->action; }

Array<float> Model::encode(std::span<const PictureView> pictures, std::span<const double> states) const {
  FORESEE_CHECK(!pictures.empty(), "expected pictures, got none");
  const int64_t size = impl_->state.of_goal ? impl_->state.size : 0;
  FORESEE_CHECK(states.size() == pictures.size() * static_cast<size_t>(size),
                "expected {} numbers of the robot's state for each of {} pictures, got {}", size, pictures.size(),
                states.size());
  if (impl_->encoder) return array_of(encode_clip(*impl_->encoder, pictures));
  FORESEE_CHECK(impl_->world != nullptr, "expected a model with an encoder, got one of family {}", impl_->info.family);
  std::vector<Tensor> rows;
  for (size_t i = 0; i < pictures.size(); ++i)
    rows.push_back(
        impl_->encode_one(pictures[i], states.subspan(i * static_cast<size_t>(size), static_cast<size_t>(size))));
  return array_of(at::stack(rows));
}

Controller::PlannedActions Model::plan(const PlanRequest& request) const {
  FORESEE_CHECK(impl_->world != nullptr, "expected a model that knows actions, got one of family {}",
                impl_->info.family);
  FORESEE_CHECK(!request.observed.empty(), "expected at least one observation");
  Controller::Options options{.model = impl_->options.model, .device = impl_->options.device, .seed = request.seed};
  options.settings = request.settings;
  options.job = request.job;
  if (!settings_json(nlohmann::json::object(), request.settings).contains("history"))
    options.settings.set.push_back(fmt::format("history={}", request.observed.size()));
  Controller controller(options, impl_->world);
  controller.set_goal(request.goal);
  for (size_t i = 0; i + 1 < request.observed.size(); ++i) controller.look_back(request.observed[i]);
  controller.act(request.observed.back());
  return controller.last_plan();
}

}  // namespace foresee
