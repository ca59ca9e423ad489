# How every target of the project is made.
#
#   foresee_library(NAME SOURCES a.cpp ... [HEADERS a.h ...] [DEPS target ...])   again: a folder more of the same library
#   foresee_test(NAME SOURCES a_test.cpp ... [DEPS target ...] [LABELS unit|parity|slow|gpu])
#
# HEADERS, held against the rule that each compiles alone, default to all of the folder. Paths are relative to it.
include(GNUInstallDirs)
find_package(Threads REQUIRED)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# Everything can be part of libforesee.so, which shows only what foresee/*.h declares.
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_SKIP_INSTALL_RPATH OFF)
# A portable program is carried to a machine that has only LibTorch, beside the program or where the set-up puts it.
set(FORESEE_RPATH "${FORESEE_TORCH}/lib")
if(FORESEE_PORTABLE)
  list(PREPEND FORESEE_RPATH "$ORIGIN/torch/lib" "$ORIGIN/../../.deps/site/torch/lib")
endif()
if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2")  # NDEBUG is not set: FORESEE_DCHECK follows the build type, asserts stay

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

configure_file("${CMAKE_CURRENT_LIST_DIR}/build_info.h.in" "${FORESEE_BINARY_DIR}/generated/build_info.h" @ONLY)

add_library(foresee_options INTERFACE)
target_include_directories(foresee_options INTERFACE "${FORESEE_SOURCE_DIR}" "${FORESEE_BINARY_DIR}/generated")
target_compile_definitions(foresee_options INTERFACE $<$<CONFIG:Debug>:FORESEE_DEBUG>)
target_compile_options(foresee_options INTERFACE -Wall -Wextra -Wno-missing-field-initializers
                       $<$<BOOL:${FORESEE_WERROR}>:-Werror> -fopenmp)
target_link_options(foresee_options INTERFACE -fopenmp)
target_link_libraries(foresee_options INTERFACE torch_cpu c10 Threads::Threads)

# The precompiled header costs 28 s once; without it every file that includes torch costs 8 s more.
# Its library holds what fmt and nlohmann::json would otherwise compile into every file.
add_library(foresee_pch STATIC "${FORESEE_SOURCE_DIR}/tools/cmake/instances.cpp")
target_link_libraries(foresee_pch PUBLIC foresee_options)
target_precompile_headers(foresee_pch PRIVATE "${FORESEE_SOURCE_DIR}/tools/cmake/pch.h")

# foresee_needs(PART LIBRARY OPTIONAL): what the starter loads first; called in the order of loading.
function(foresee_needs part library optional)
  set_property(GLOBAL APPEND PROPERTY FORESEE_SHARED_LIBRARIES "${part}|${library}|${optional}")
endfunction()
foresee_needs(LibTorch "${FORESEE_TORCH}/lib/libgomp.so.1" true)  # not the system's beside it
foresee_needs(LibTorch "${FORESEE_TORCH}/lib/libc10.so" false)
foresee_needs(LibTorch "${FORESEE_TORCH}/lib/libtorch_cpu.so" false)

function(foresee_configure target)
  target_link_libraries(${target} PUBLIC foresee_pch)
  target_precompile_headers(${target} REUSE_FROM foresee_pch)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL EXECUTABLE)  # CMake would take -fPIE, which does not go with a header precompiled with -fPIC
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${FORESEE_UNITY} UNITY_BUILD_BATCH_SIZE 10
                        BUILD_RPATH "${FORESEE_RPATH}" INSTALL_RPATH "${FORESEE_RPATH}")
endfunction()

function(foresee_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;HEADERS;DEPS" ${ARGN})
  if(TARGET ${name})
    list(TRANSFORM ARG_SOURCES PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
    target_sources(${name} PRIVATE ${ARG_SOURCES})
  else()
    add_library(${name} STATIC ${ARG_SOURCES})
    foresee_configure(${name})
  endif()
  target_link_libraries(${name} PUBLIC ${ARG_DEPS})
  if(NOT ARG_HEADERS)
    file(GLOB ARG_HEADERS CONFIGURE_DEPENDS RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}" "*.h")
  endif()
  list(TRANSFORM ARG_HEADERS PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
  set_property(GLOBAL APPEND PROPERTY FORESEE_HEADERS ${ARG_HEADERS})
endfunction()

function(foresee_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  foresee_configure(${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY "${FORESEE_SOURCE_DIR}")
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 600)
  endif()
  if(CMAKE_BUILD_TYPE STREQUAL "Debug" AND CMAKE_CXX_FLAGS_DEBUG MATCHES "-fsanitize")
    math(EXPR ARG_TIMEOUT "6 * ${ARG_TIMEOUT}")  # sanitizers are slow
  endif()
  # Tests run side by side: threads that spin while they wait would take the processor from those that work.
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT}
                       ENVIRONMENT "OMP_WAIT_POLICY=passive")
endfunction()

# Every header compiled alone, without unity: it includes what it needs. Those that reach LibTorch get it precompiled,
# which hides nothing: it is there anyway.
function(foresee_finish)
  if(NOT FORESEE_CHECK_HEADERS)
    return()
  endif()
  get_property(headers GLOBAL PROPERTY FORESEE_HEADERS)
  foresee_reaching_torch(reaching ${headers})
  add_custom_target(check_headers)
  foreach(kind light torch)
    set(sources)
    foreach(header ${headers})
      file(RELATIVE_PATH relative "${FORESEE_SOURCE_DIR}" "${header}")
      if((relative IN_LIST reaching AND kind STREQUAL light) OR (NOT relative IN_LIST reaching AND kind STREQUAL torch))
        continue()
      endif()
      string(MAKE_C_IDENTIFIER "${relative}" identifier)
      set(source "${FORESEE_BINARY_DIR}/generated/headers/${identifier}.cpp")
      file(CONFIGURE OUTPUT "${source}" CONTENT "#include \"${relative}\"\n#include \"${relative}\"  // twice: guarded\n")
      list(APPEND sources "${source}")
    endforeach()
    set_source_files_properties(${sources} PROPERTIES COMPILE_OPTIONS -fsyntax-only)
    add_library(check_headers_${kind} OBJECT EXCLUDE_FROM_ALL ${sources})
    target_link_libraries(check_headers_${kind} PRIVATE foresee_options)
    get_property(includes GLOBAL PROPERTY FORESEE_HEADER_INCLUDES)  # of libraries that headers of ours include
    target_include_directories(check_headers_${kind} SYSTEM PRIVATE ${includes})
    target_compile_options(check_headers_${kind} PRIVATE -O0)
    add_dependencies(check_headers check_headers_${kind})
  endforeach()
  target_precompile_headers(check_headers_torch PRIVATE <torch/types.h>)
endfunction()

# Those of the headers that include <torch/...> or <ATen/...>, themselves or through another: paths from the root.
function(foresee_reaching_torch out)
  set(reaching)
  foreach(header ${ARGN})
    file(RELATIVE_PATH relative "${FORESEE_SOURCE_DIR}" "${header}")
    file(STRINGS "${header}" includes REGEX "^#include ")
    if(includes MATCHES "<(torch|ATen|c10)/")
      list(APPEND reaching "${relative}")
    endif()
    set(includes_${relative} "${includes}")
  endforeach()
  set(grown TRUE)
  while(grown)
    set(grown FALSE)
    foreach(header ${ARGN})
      file(RELATIVE_PATH relative "${FORESEE_SOURCE_DIR}" "${header}")
      if(relative IN_LIST reaching)
        continue()
      endif()
      foreach(known ${reaching})
        if("${includes_${relative}}" MATCHES "\"${known}\"")
          list(APPEND reaching "${relative}")
          set(grown TRUE)
          break()
        endif()
      endforeach()
    endforeach()
  endwhile()
  set(${out} ${reaching} PARENT_SCOPE)
endfunction()
