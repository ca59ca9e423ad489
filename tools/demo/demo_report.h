#pragma once

#include "tools/demo/demo.h"
#include "tools/report/document.h"

namespace foresee::tools {

/// The report of a demo, also of one that was cut short.
/// @throws Error when the run folder cannot be read.
report::Report demo_report(const DemoOptions& options, const DemoResult& result);

}  // namespace foresee::tools
