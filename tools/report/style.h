#pragma once

namespace foresee::report {

/// The style sheet of every report. No fonts, no scripts, nothing fetched.
extern const char* const kStyle;

}  // namespace foresee::report
