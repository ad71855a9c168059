# The command, the library, its headers, the manual pages, and the package that find_package(attnviz) loads.
include(CMakePackageConfigHelpers)

set(attnviz_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/attnviz")
install(TARGETS attnviz EXPORT attnviz-targets LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/attnviz" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.h")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(FILES "${PROJECT_SOURCE_DIR}/src/cli/man/attnviz.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
install(FILES "${PROJECT_SOURCE_DIR}/src/cli/man/attnviz-files.5" DESTINATION "${CMAKE_INSTALL_MANDIR}/man5")
install(EXPORT attnviz-targets NAMESPACE attnviz:: DESTINATION "${attnviz_package_dir}")
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/attnviz-config.cmake.in"
                              "${PROJECT_BINARY_DIR}/attnviz-config.cmake" INSTALL_DESTINATION "${attnviz_package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/attnviz-config-version.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/attnviz-config.cmake" "${PROJECT_BINARY_DIR}/attnviz-config-version.cmake"
        DESTINATION "${attnviz_package_dir}")
install(FILES "${CMAKE_CURRENT_LIST_DIR}/Torch.cmake" DESTINATION "${attnviz_package_dir}" RENAME attnviz-torch.cmake)
