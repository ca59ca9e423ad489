// Stands in for cmyk_jpeg.cpp where libjpeg is not installed: OpenCV decodes these files then.
#include "data/picture/encoded/cmyk_jpeg.h"

namespace foresee::data {

std::optional<Tensor> decode_cmyk_jpeg(std::string_view) { return std::nullopt; }

}  // namespace foresee::data
