#pragma once

// Note [Instruction sets]
// A kernel is written once, in plain C++. One of the macros below compiles it once for each instruction set; the copy
// that the processor runs is chosen when the program or library is loaded, so a call costs no test. Loops carry
// `#pragma omp simd`: the compiler then takes vectors as wide as each set has. What a kernel calls must be inlined
// (`__attribute__((always_inline))`), or it runs as the base machine does. Wider sets multiply and add in one rounding;
// a file whose results must be the same bits on every machine is compiled with -ffp-contract=off.
// The address and thread sanitizers are not ready when the choice is made, so there a kernel is compiled once.

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define FORESEE_CLONES(...) __attribute__((target_clones(__VA_ARGS__, "default")))
#else
#define FORESEE_CLONES(...)
#endif

/// For arithmetic: AVX-512, AVX2, and the base machine.
#define FORESEE_VECTOR_CLONES FORESEE_CLONES("arch=x86-64-v4", "arch=x86-64-v3")
/// For moving bytes about: SSSE3, which shuffles 16 of them at once (AVX2: without copying them first), and the base
/// machine.
#define FORESEE_SHUFFLE_CLONES FORESEE_CLONES("avx2", "ssse3")
