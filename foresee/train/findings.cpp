#include "foresee/train/findings.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "jepa/core/config.h"
#include "jepa/core/error.h"
#include "jepa/core/log.h"
#include "jepa/core/text/counted.h"

namespace foresee {
namespace {

/// The first few of them, in one line.
class FindingList {
 public:
  void add(const data::Finding& finding) {
    constexpr size_t kNamed = 5;
    if (++count_ <= kNamed) text_ += (text_.empty() ? "" : "; ") + finding.text;
    kinds_.insert(finding.kind);
    if (count_ == kNamed + 1) more_ = true;
  }
  size_t count() const { return count_; }
  std::string text() const { return more_ ? fmt::format("{}; and {} more", text_, count_ - 5) : text_; }
  std::string kinds() const { return fmt::format("{}", fmt::join(kinds_, ", ")); }

 private:
  size_t count_ = 0;
  bool more_ = false;
  std::string text_;
  std::set<std::string> kinds_;
};

}  // namespace

void report_findings(const std::vector<data::Finding>& findings, const EpisodeReading& reading) {
  const auto& known = data::finding_kinds();
  for (const auto& kind : reading.allow)
    if (std::find(known.begin(), known.end(), kind) == known.end())
      fail<ConfigError>("episodes.allow: no finding is called '{}'{}", kind, suggestion(kind, known));
  FindingList certain, likely, allowed;
  for (const auto& finding : findings) {
    if (finding.kind == "left_out") continue;  // said when the set was opened
    const bool meant = std::find(reading.allow.begin(), reading.allow.end(), finding.kind) != reading.allow.end();
    (meant ? allowed : finding.certain ? certain : likely).add(finding);
  }
  if (allowed.count() > 0)
    log_info("allowed of the episodes: {}: {}", counted(allowed.count(), "finding"), allowed.text());
  if (certain.count() > 0)
    fail<DataError>(
        "the episodes' numbers cannot be what they are read as: {}. What is meant so can be allowed by its "
        "name: {}",
        certain.text(), certain.kinds());
  if (likely.count() == 0) return;
  if (reading.strict) fail<DataError>("the episodes have {}: {}", counted(likely.count(), "finding"), likely.text());
  log_warning("the episodes have {}: {}", counted(likely.count(), "finding"), likely.text());
}

}  // namespace foresee
