# Everything is relocatable: paths below the prefix are relative to the files that use them.
include(CMakePackageConfigHelpers)

set(foresee_libraries "${CMAKE_INSTALL_LIBDIR}")
if(NOT FORESEE_PORTABLE)
  set(foresee_libraries lib)  # where the starter looks
  install(TARGETS foresee_program LIBRARY DESTINATION lib/foresee)
endif()
install(TARGETS foresee RUNTIME DESTINATION bin)
install(TARGETS foresee_shared EXPORT foreseeTargets LIBRARY DESTINATION ${foresee_libraries})
install(DIRECTORY "${FORESEE_BINARY_DIR}/include/foresee" DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

set(package "${foresee_libraries}/cmake/foresee")
install(EXPORT foreseeTargets NAMESPACE foresee:: DESTINATION ${package})
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/foreseeConfig.cmake.in" "${CMAKE_CURRENT_BINARY_DIR}/foreseeConfig.cmake"
                              INSTALL_DESTINATION ${package})
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/foreseeConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/foreseeConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/foreseeConfigVersion.cmake"
        DESTINATION ${package})
configure_file("${CMAKE_CURRENT_LIST_DIR}/foresee.pc.in" "${CMAKE_CURRENT_BINARY_DIR}/foresee.pc" @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/foresee.pc" DESTINATION ${foresee_libraries}/pkgconfig)

install(DIRECTORY "${FORESEE_SOURCE_DIR}/tools/assets" DESTINATION share/foresee)
install(FILES "${FORESEE_SOURCE_DIR}/LICENSE" "${FORESEE_SOURCE_DIR}/docs/reference/licences.md" DESTINATION share/doc/foresee)

# Completion for shells and the manual page: the program writes them from the tree of its own commands.
function(install_text_for reader folder name)
  install(CODE "
    execute_process(COMMAND \"$<TARGET_FILE:foresee>\" completion ${reader}
                    OUTPUT_FILE \"${CMAKE_CURRENT_BINARY_DIR}/${name}\" RESULT_VARIABLE failed)
    if(failed)
      message(WARNING \"The program does not start here, so there is no ${folder}/${name}\")
    else()
      file(INSTALL \"${CMAKE_CURRENT_BINARY_DIR}/${name}\" DESTINATION \"\${CMAKE_INSTALL_PREFIX}/${folder}\")
    endif()")
endfunction()
install_text_for(bash share/bash-completion/completions foresee)
install_text_for(zsh share/zsh/site-functions _foresee)
install_text_for(fish share/fish/vendor_completions.d foresee.fish)
install_text_for(man share/man/man1 foresee.1)

# The libraries that the starter loads, and what those need besides the system's.
if(FORESEE_INSTALL_LIBRARIES)
  get_property(needed GLOBAL PROPERTY FORESEE_SHARED_LIBRARIES)
  list(TRANSFORM needed REPLACE "^[^|]*[|]([^|]*)[|].*$" "\\1")
  install(CODE "
    foreach(library ${needed})
      if(EXISTS \"\${library}\")
        list(APPEND there \"\${library}\")
      endif()
    endforeach()
    file(GET_RUNTIME_DEPENDENCIES LIBRARIES \${there} RESOLVED_DEPENDENCIES_VAR resolved UNRESOLVED_DEPENDENCIES_VAR unresolved
         POST_EXCLUDE_REGEXES \"^/(usr/)?lib(64)?/\")
    list(APPEND there \${resolved})
    list(REMOVE_DUPLICATES there)
    file(INSTALL \${there} DESTINATION \"\${CMAKE_INSTALL_PREFIX}/lib/foresee\" FOLLOW_SYMLINK_CHAIN)")
endif()
