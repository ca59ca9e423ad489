#pragma once

#include <string>

#include "jepa/core/api/job.h"

namespace foresee {

/// Collects the library's lines while it lives. One at a time.
class LogCapture {
 public:
  LogCapture() {
    collected().clear();
    set_log_sink([](LogLevel, std::string_view line) { collected().append(line).append("\n"); });
  }
  ~LogCapture() { set_log_sink(nullptr); }
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  const std::string& text() const { return collected(); }

 private:
  static std::string& collected() {
    static std::string lines;
    return lines;
  }
};

}  // namespace foresee
