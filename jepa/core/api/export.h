#pragma once

/// What libforesee.so shows; everything else in it is hidden.
#if defined(_WIN32)
#define FORESEE_API
#else
#define FORESEE_API __attribute__((visibility("default")))
#endif
