# Imported targets over the LibTorch of a PyTorch wheel.
#
# The wheel's own find_package(Torch) needs a CUDA toolkit and makes libtorch_cuda a hard dependency; two imported
# libraries are all that a program needs which meets CUDA at run time (docs/explanation/architecture.md, "CUDA").
set(FORESEE_TORCH "${FORESEE_SOURCE_DIR}/.deps/site/torch" CACHE PATH "Folder 'torch' of LibTorch 2.11 (holds include/ and lib/)")

if(NOT EXISTS "${FORESEE_TORCH}/lib/libtorch_cpu.so")
  message(FATAL_ERROR "No LibTorch in ${FORESEE_TORCH}.\nRun 'bash tools/quickstart.sh' (fetches it), or pass -DFORESEE_TORCH=DIR.")
endif()

foreach(library torch_cpu c10)
  if(TARGET ${library})  # of the project that this one is a part of
    continue()
  endif()
  add_library(${library} SHARED IMPORTED GLOBAL)
  set_target_properties(${library} PROPERTIES IMPORTED_LOCATION "${FORESEE_TORCH}/lib/lib${library}.so")
endforeach()

set(torch_includes)
foreach(directory include include/torch/csrc/api/include)
  if(EXISTS "${FORESEE_TORCH}/${directory}")
    list(APPEND torch_includes "${FORESEE_TORCH}/${directory}")
  endif()
endforeach()
set_target_properties(torch_cpu PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${torch_includes}" INTERFACE_LINK_LIBRARIES c10)
