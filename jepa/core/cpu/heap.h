#pragma once

namespace foresee {

/// From now on memory that is freed stays with the process and is given out again, instead of going back to the system
/// and coming anew: the first touch of a fresh page costs more than most operators on it (measured: 17 ms for 32 MB,
/// against 1.3 ms to fill memory that is there). The process keeps the most it ever had. Nothing on other C libraries
/// than glibc.
void keep_freed_memory();

}  // namespace foresee
