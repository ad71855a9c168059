# A room is an object library of src/<room>, its public header and its tests in tests/<room>. The rooms and who may
# include whom are described in src/README.md; tests/rooms/rooms_test.cpp enforces it.

# attnviz_add_room(<room> SOURCES <files> [LINK <targets>] [PRECOMPILE <headers>])
# LINK names third-party targets; rooms see each other through their headers alone and meet in the library.
function(attnviz_add_room room)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;PRECOMPILE" ${ARGN})
  set(target attnviz_${room})
  add_library(${target} OBJECT ${ARG_SOURCES})
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden
                                             VISIBILITY_INLINES_HIDDEN ON)
  target_include_directories(${target} PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
                             PRIVATE "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(${target} PUBLIC ${ARG_LINK} PRIVATE attnviz_warnings)
  if(ARG_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE ${ARG_PRECOMPILE})
  endif()
endfunction()

# attnviz_add_tests(<room> SOURCES <files> [ROOMS <rooms>] [LINK <targets>] [PRECOMPILE <headers>])
# One test program for a room, linked from the objects of the rooms it needs, so that rooms without torch build and
# run without it. Tests see src/ as well. ATTNVIZ_TEST_DATA is tests/<room>.
function(attnviz_add_tests room)
  if(NOT ATTNVIZ_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;ROOMS;LINK;PRECOMPILE" ${ARGN})
  set(target attnviz_${room}_tests)
  add_executable(${target} ${ARG_SOURCES})
  list(TRANSFORM ARG_ROOMS PREPEND attnviz_)
  target_link_libraries(${target} PRIVATE ${ARG_ROOMS} ${ARG_LINK} GTest::gtest GTest::gmock GTest::gtest_main
                                          Threads::Threads attnviz_warnings)
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/tests")
  target_compile_definitions(${target} PRIVATE "ATTNVIZ_TEST_DATA=\"${CMAKE_CURRENT_SOURCE_DIR}\""
                                               "ATTNVIZ_SOURCE_DIR=\"${PROJECT_SOURCE_DIR}\"")
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
  # g++ 12 takes what it inlines from a precompiled header for ours, and warns of its own strings.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${target} PRIVATE -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow)
  endif()
  target_precompile_headers(${target} PRIVATE <gmock/gmock.h> <gtest/gtest.h> ${ARG_PRECOMPILE})
  gtest_discover_tests(${target} DISCOVERY_TIMEOUT 60 PROPERTIES LABELS ${room} TEST_PREFIX "${room}: ")
endfunction()

# attnviz_add_fuzzer(<room> <target> [SOURCES <files>] [ROOMS <rooms>] [LINK <targets>])
# The fuzz target fuzz/<target>_fuzz.cpp and a test that replays its corpus. Fuzz targets are always built: with
# libFuzzer by clang, else with a main that replays files and changes them a little. SOURCES are those parts of a room
# that do without its third parties.
function(attnviz_add_fuzzer room name)
  if(NOT ATTNVIZ_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;ROOMS;LINK" ${ARGN})
  set(target attnviz_${room}_${name}_fuzz)
  add_executable(${target} fuzz/${name}_fuzz.cpp ${ARG_SOURCES})
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
  list(TRANSFORM ARG_ROOMS PREPEND attnviz_)
  target_link_libraries(${target} PRIVATE ${ARG_ROOMS} ${ARG_LINK} Threads::Threads attnviz_warnings)
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/tests")
  target_compile_definitions(${target} PRIVATE "ATTNVIZ_TEST_DATA=\"${CMAKE_CURRENT_SOURCE_DIR}\"")
  set(mutations --mutate 20)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    set(mutations -runs=0)
  else()
    target_sources(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests/fuzz/replay.cpp")
  endif()
  add_test(NAME "${room}: fuzz corpus of ${name}"
           COMMAND ${target} ${mutations} "${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${name}")
  set_tests_properties("${room}: fuzz corpus of ${name}" PROPERTIES LABELS ${room} TIMEOUT 120)
endfunction()
