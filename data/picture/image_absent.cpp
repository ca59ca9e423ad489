// What data/picture is in a build without OpenCV.
#include "data/picture/image.h"
#include "jepa/core/error.h"

namespace foresee::data {
namespace {
[[noreturn]] void absent(const std::string& what) { fail("{}: this build has no pictures (FORESEE_VIDEO=OFF)", what); }
}  // namespace

Tensor read_image(const std::filesystem::path& path) { absent(path.string()); }
Tensor decode_image(std::string_view, const std::string& where) { absent(where); }
void check_image(const std::filesystem::path& path) { absent(path.string()); }
void write_image(const std::filesystem::path& path, const Tensor&) { absent(path.string()); }
std::vector<unsigned char> encode_png(const Tensor&, bool) { absent("PNG"); }

}  // namespace foresee::data
