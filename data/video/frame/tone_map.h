#pragma once

#include <cstdint>
#include <vector>

#include "data/video/ffmpeg.h"

namespace foresee::data {

/// Brings pictures of high dynamic range (PQ or HLG) to what an ordinary screen shows: light by the curve of BT.2100
/// (HLG for a screen of 1000 cd/m2), colours from BT.2020 to BT.709, highlights rolled off as in BT.2390 (section 5.4)
/// so that 1000 cd/m2 is full white and light below 90 cd/m2 stays, then the curve of BT.1886. 203 cd/m2, the white of
/// paper in HDR (BT.2408), is the screen's unit.
class ToneMap {
 public:
  /// @param transfer  AVCOL_TRC_SMPTE2084 or AVCOL_TRC_ARIB_STD_B67. @param wide  the primaries are those of BT.2020.
  ToneMap(AVColorTransferCharacteristic transfer, bool wide);

  /// One row. @param red,green,blue  coded values, 0 .. 65535. @param out_*  0 .. 255.
  void apply(int64_t width, const uint16_t* red, const uint16_t* green, const uint16_t* blue, uint8_t* out_red,
             uint8_t* out_green, uint8_t* out_blue) const;

 private:
  bool hlg_, wide_;
  std::vector<float> light_;      // of a coded value; PQ: cd/m2 / 203, HLG: of the scene, 0 .. 1
  std::vector<float> gain_;       // of the roll-off, by the root of light / peak
  std::vector<float> ootf_;       // HLG: of the screen's light over the scene's, by the root of luminance
  std::vector<uint8_t> encoded_;  // of the root of the screen's light
};

}  // namespace foresee::data
