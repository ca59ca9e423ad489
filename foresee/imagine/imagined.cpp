#include "foresee/imagine/imagined.h"

#include "jepa/core/torch.h"

namespace foresee {

ImaginedPictures imagined_pictures(const WorldModel& model, const FrameBank& bank, const Tensor& latents) {
  const auto [distances, rows] = latent_distances(latents, bank.latents).min(1);
  ImaginedPictures out{.nearest = bank.pictures.index_select(0, rows), .distances = {}, .decoded = {}};
  for (int64_t i = 0; i < distances.size(0); ++i) out.distances.push_back(distances[i].item<double>());
  if (const Tensor decoded = model.decode(latents); decoded.defined()) out.decoded = decoded.cpu();
  return out;
}

}  // namespace foresee
