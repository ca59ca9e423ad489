#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "jepa/core/watch/metrics.h"

namespace foresee {

/// Writes scalars as TensorBoard reads them: a folder of event files, records of protocol buffers framed with masked
/// CRC-32C (tensorflow/core/lib/io/record_writer.cc, core/util/event.proto).
class TensorBoardWriter {
 public:
  /// Starts a new event file in `folder`. It tells TensorBoard that steps after `resume_step` in earlier files are
  /// void: a run that was killed after its last checkpoint repeats them. @throws Error when the file cannot be made.
  TensorBoardWriter(const std::filesystem::path& folder, int64_t resume_step);

  /// One point of every curve; numbers that are not finite are left out. @throws Error (a full disk).
  void write(int64_t step, const Metrics& metrics);

  /// Flushes what was written to the disk. @throws Error.
  void sync() const;

 private:
  void append(const std::string& event);

  std::filesystem::path path_;
};

}  // namespace foresee
