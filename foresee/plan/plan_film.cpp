#include "foresee/plan/plan_film.h"

#include "foresee/imagine/film_file.h"
#include "jepa/core/torch.h"

namespace foresee {
namespace {

Tensor encoded(const WorldModel& model, const PlanPicture& end) {
  Tensor state;
  if (model.state_spec().of_goal) state = torch::tensor(end.state, at::kFloat).unsqueeze(0);
  return encode_pictures(model, end.picture.unsqueeze(0), state)[0];
}

}  // namespace

PlanImagination write_plan_film(const std::filesystem::path& path, const WorldModel& model, const FrameBank& bank,
                                const PlanPicture& present, const PlanPicture& goal, const Tensor& imagined,
                                int64_t block) {
  FilmMaker maker(model, bank, "seen, and wanted");
  maker.add({.title = "now", .cells = {}}, {present.picture, "seen"}, encoded(model, present));
  for (int64_t h = 0; h < imagined.size(0); ++h)
    maker.add({.title = fmt::format("step {}", (h + 1) * block), .cells = {}}, {}, imagined[h]);
  maker.add({.title = "goal", .cells = {}}, {goal.picture, "wanted"}, encoded(model, goal));
  const std::vector<double>& distances = maker.distances();
  PlanImagination out{.file = {},
                      .frames = bank.origin,
                      .distances = {distances.begin() + 1, distances.end() - 1},
                      .present_distance = distances.front(),
                      .goal_distance = distances.back(),
                      .step = bank.step};
  const Film film = maker.take({fmt::format("imagined along the plan, shown by {}", bank.origin),
                                fmt::format("real frames one block apart differ by {:.3f} (median)", bank.step)});
  out.decoder = film.rows.size() > 2;
  write_films(path, {&film, 1});
  return out;
}

}  // namespace foresee
