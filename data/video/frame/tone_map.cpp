#include "data/video/frame/tone_map.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace foresee::data {
namespace {

constexpr double kWhite = 203, kPeak = 1000;  // cd/m2
constexpr int64_t kSteps = 4096;              // of the tables over roots of light

// SMPTE ST 2084: from coded [0, 1] to cd/m2, and back.
constexpr double kM1 = 0.1593017578125, kM2 = 78.84375, kC1 = 0.8359375, kC2 = 18.8515625, kC3 = 18.6875;
double pq_light(double coded) {
  const double root = std::pow(coded, 1 / kM2);
  return 10000 * std::pow(std::max(root - kC1, 0.0) / (kC2 - kC3 * root), 1 / kM1);
}
double pq_coded(double light) {
  const double root = std::pow(light / 10000, kM1);
  return std::pow((kC1 + kC2 * root) / (1 + kC3 * root), kM2);
}

// BT.2100 HLG: from coded [0, 1] to the light of the scene, [0, 1].
double hlg_light(double coded) {
  constexpr double a = 0.17883277, b = 1 - 4 * a;
  const double c = 0.5 - a * std::log(4 * a);
  return coded <= 0.5 ? coded * coded / 3 : (std::exp((coded - c) / a) + b) / 12;
}

// BT.2390: the light in cd/m2 that a screen of kWhite shows for one of kPeak.
double rolled_off(double light) {
  const double peak = pq_coded(kPeak), most = pq_coded(kWhite) / peak, knee = 1.5 * most - 0.5;
  const double coded = std::min(pq_coded(light) / peak, 1.0);
  if (coded < knee) return light;
  const double t = (coded - knee) / (1 - knee), t2 = t * t, t3 = t2 * t;
  const double spline = (2 * t3 - 3 * t2 + 1) * knee + (t3 - 2 * t2 + t) * (1 - knee) + (-2 * t3 + 3 * t2) * most;
  return pq_light(spline * peak);
}

// The entry for a light in [0, 1].
size_t step_of(float light) {
  const float root = std::sqrt(std::clamp(light, 0.0f, 1.0f));
  return static_cast<size_t>(root * static_cast<float>(kSteps - 1) + 0.5f);
}
double light_of_step(int64_t step) {
  const double root = static_cast<double>(step) / static_cast<double>(kSteps - 1);
  return root * root;
}

}  // namespace

ToneMap::ToneMap(AVColorTransferCharacteristic transfer, bool wide)
    : hlg_(transfer == AVCOL_TRC_ARIB_STD_B67), wide_(wide) {
  for (int64_t coded = 0; coded < 65536; ++coded) {
    const double share = static_cast<double>(coded) / 65535;
    light_.push_back(static_cast<float>(hlg_ ? hlg_light(share) : pq_light(share) / kWhite));
  }
  for (int64_t step = 0; step < kSteps; ++step) {
    const double light = light_of_step(step);
    gain_.push_back(static_cast<float>(step == 0 ? 1 : rolled_off(light * kPeak) / (light * kPeak)));
    // The luminance of the scene to the power of the system's gamma, 1.2, less one.
    ootf_.push_back(static_cast<float>(kPeak / kWhite * std::pow(light, 0.2)));
    encoded_.push_back(static_cast<uint8_t>(std::lround(255 * std::pow(light, 1 / 2.4))));
  }
}

void ToneMap::apply(int64_t width, const uint16_t* red, const uint16_t* green, const uint16_t* blue, uint8_t* out_red,
                    uint8_t* out_green, uint8_t* out_blue) const {
  constexpr auto kPeakInWhites = static_cast<float>(kPeak / kWhite);
  for (int64_t x = 0; x < width; ++x) {
    float r = light_[red[x]], g = light_[green[x]], b = light_[blue[x]];
    if (hlg_) {
      const float screen = ootf_[step_of(0.2627f * r + 0.6780f * g + 0.0593f * b)];
      r *= screen, g *= screen, b *= screen;
    }
    if (wide_) {
      const std::array<float, 3> from{r, g, b};
      r = 1.6605f * from[0] - 0.5876f * from[1] - 0.0728f * from[2];
      g = -0.1246f * from[0] + 1.1329f * from[1] - 0.0083f * from[2];
      b = -0.0182f * from[0] - 0.1006f * from[1] + 1.1187f * from[2];
    }
    const float gain = gain_[step_of(std::max({r, g, b}) / kPeakInWhites)];
    out_red[x] = encoded_[step_of(r * gain)];
    out_green[x] = encoded_[step_of(g * gain)];
    out_blue[x] = encoded_[step_of(b * gain)];
  }
}

}  // namespace foresee::data
