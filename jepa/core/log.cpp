#include "jepa/core/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace foresee {
namespace {

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto made = std::make_shared<spdlog::logger>("foresee", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    made->set_pattern("%^%v%$");
    return made;
  }();
  return *instance;
}

constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::err, spdlog::level::warn, spdlog::level::info,
                                                 spdlog::level::debug};

}  // namespace

void set_log_level(int level) { logger().set_level(kLevels[level < 0 ? 0 : level > 3 ? 3 : level]); }

void detail::log_line(int level, const std::string& text) {
  logger().log(kLevels[level], "{}", level == 1 ? "warning: " + text : text);
}

}  // namespace foresee
