#pragma once

/// Compiles a function for AVX-512, for AVX2 and for the base machine; the one that the processor runs is chosen when
/// the program starts. Not with the address and thread sanitizers: the choice comes before they are ready.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define FORESEE_VECTOR_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FORESEE_VECTOR_CLONES
#endif
