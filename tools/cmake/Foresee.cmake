# How every target of the project is made.
#
#   foresee_library(NAME SOURCES a.cpp ... [HEADERS a.h ...] [DEPS target ...])
#   foresee_test(NAME SOURCES a_test.cpp ... [DEPS target ...] [LABELS unit|parity|slow|gpu])
#
# HEADERS, held against the rule that each compiles alone, default to all of the folder. Paths are relative to it.
include(GNUInstallDirs)
find_package(Threads REQUIRED)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_SKIP_INSTALL_RPATH OFF)
# A portable program is carried to a machine that has only LibTorch, beside the program or where the set-up puts it.
set(FORESEE_RPATH "${FORESEE_TORCH}/lib")
if(FORESEE_PORTABLE)
  list(PREPEND FORESEE_RPATH "$ORIGIN/torch/lib" "$ORIGIN/../../.deps/site/torch/lib")
endif()
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2")  # NDEBUG is not set: FORESEE_DCHECK follows the build type, asserts stay

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

configure_file("${CMAKE_CURRENT_LIST_DIR}/build_info.h.in" "${CMAKE_BINARY_DIR}/generated/build_info.h" @ONLY)

add_library(foresee_options INTERFACE)
target_include_directories(foresee_options INTERFACE "${CMAKE_SOURCE_DIR}" "${CMAKE_BINARY_DIR}/generated")
target_compile_definitions(foresee_options INTERFACE FMT_HEADER_ONLY
                           $<$<CONFIG:Debug>:FORESEE_DEBUG>)
target_compile_options(foresee_options INTERFACE -Wall -Wextra -Wno-missing-field-initializers
                       $<$<BOOL:${FORESEE_WERROR}>:-Werror> -fopenmp)
target_link_options(foresee_options INTERFACE -fopenmp)
target_link_libraries(foresee_options INTERFACE torch_cpu c10 Threads::Threads)

# The precompiled header costs 28 s once; without it every file that includes torch costs 8 s more.
file(WRITE "${CMAKE_BINARY_DIR}/generated/pch.cpp" "")
add_library(foresee_pch STATIC "${CMAKE_BINARY_DIR}/generated/pch.cpp")
target_link_libraries(foresee_pch PUBLIC foresee_options)
target_precompile_headers(foresee_pch PRIVATE "${CMAKE_SOURCE_DIR}/tools/cmake/pch.h")

function(foresee_configure target)
  target_link_libraries(${target} PUBLIC foresee_options)
  target_precompile_headers(${target} REUSE_FROM foresee_pch)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${FORESEE_UNITY} UNITY_BUILD_BATCH_SIZE 6
                        BUILD_RPATH "${FORESEE_RPATH}" INSTALL_RPATH "${FORESEE_RPATH}")
endfunction()

function(foresee_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;HEADERS;DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  foresee_configure(${name})
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
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 600)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
endfunction()

# Every header compiled alone, without the precompiled header and without unity: it includes what it needs.
function(foresee_finish)
  if(NOT FORESEE_CHECK_HEADERS)
    return()
  endif()
  get_property(headers GLOBAL PROPERTY FORESEE_HEADERS)
  set(sources)
  foreach(header ${headers})
    file(RELATIVE_PATH relative "${CMAKE_SOURCE_DIR}" "${header}")
    string(MAKE_C_IDENTIFIER "${relative}" identifier)
    set(source "${CMAKE_BINARY_DIR}/generated/headers/${identifier}.cpp")
    file(CONFIGURE OUTPUT "${source}" CONTENT "#include \"${relative}\"\n#include \"${relative}\"  // twice: guarded\n")
    list(APPEND sources "${source}")
  endforeach()
  add_library(check_headers OBJECT EXCLUDE_FROM_ALL ${sources})
  target_link_libraries(check_headers PRIVATE foresee_options)
  get_property(includes GLOBAL PROPERTY FORESEE_HEADER_INCLUDES)  # of libraries that headers of ours include
  target_include_directories(check_headers SYSTEM PRIVATE ${includes})
  target_compile_options(check_headers PRIVATE -O0 -fsyntax-only)
endfunction()
