// What drawing is in a build without OpenCV.
#include "foresee/view/episode_view.h"
#include "foresee/view/film.h"
#include "jepa/core/error.h"

namespace foresee {

Tensor contact_sheet(const std::vector<data::Episode>&, const ViewOptions&) {
  fail("this build has no pictures (FORESEE_VIDEO=OFF)");
}
Tensor draw_film(const Film&, int64_t) { fail("this build has no pictures (FORESEE_VIDEO=OFF)"); }
Tensor draw_moment(const Film&, size_t, int64_t) { fail("this build has no pictures (FORESEE_VIDEO=OFF)"); }
Tensor view_frames(const data::Episode&, int64_t) { fail("this build has no pictures (FORESEE_VIDEO=OFF)"); }

}  // namespace foresee
