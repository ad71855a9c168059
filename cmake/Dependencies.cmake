# Finds everything attnviz is built from, and says which Debian package brings what is missing.

# Looks for the header beside each package of debian-packages.txt.
function(attnviz_check_packages)
  file(STRINGS "${PROJECT_SOURCE_DIR}/cmake/debian-packages.txt" lines REGEX "^[a-z]")
  set(missing "")
  foreach(line IN LISTS lines)
    string(REGEX MATCH "^([^ ]+) +([^ ]+)$" _ "${line}")
    set(package "${CMAKE_MATCH_1}")
    set(header "${CMAKE_MATCH_2}")
    if(header STREQUAL "-" OR (package MATCHES "^lib(gtest|gmock|valijson)-dev$" AND NOT ATTNVIZ_TESTS))
      continue()
    endif()
    string(MAKE_C_IDENTIFIER "ATTNVIZ_HAS_${package}" variable)
    find_path(${variable} "${header}")
    mark_as_advanced(${variable})
    if(NOT ${variable})
      list(APPEND missing "${package}")
    endif()
  endforeach()
  if(NOT Torch_FOUND)
    list(APPEND missing "libtorch-dev" "libopenblas0-openmp")
  endif()
  if(missing)
    list(JOIN missing " " missing)
    message(FATAL_ERROR "attnviz needs Debian packages that are not here; run: apt-get install ${missing}\n"
                        "(an upstream libtorch is found with -DCMAKE_PREFIX_PATH=<its folder>, that of pip's torch with "
                        "-DCMAKE_PREFIX_PATH=$(python3 -c 'import torch; print(torch.utils.cmake_prefix_path)'))")
  endif()
endfunction()

include(Torch)
attnviz_check_packages()

find_package(Threads REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(ICU REQUIRED COMPONENTS uc)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(PkgConfig REQUIRED)
pkg_check_modules(simdjson REQUIRED IMPORTED_TARGET simdjson)
pkg_check_modules(oniguruma REQUIRED IMPORTED_TARGET oniguruma)
pkg_check_modules(freetype REQUIRED IMPORTED_TARGET freetype2)
pkg_check_modules(harfbuzz REQUIRED IMPORTED_TARGET harfbuzz)
pkg_check_modules(stb REQUIRED IMPORTED_TARGET stb)
pkg_check_modules(isal REQUIRED IMPORTED_TARGET libisal)
pkg_check_modules(minizip REQUIRED IMPORTED_TARGET minizip)

# Debian's libtorch does not say which BLAS it runs on; the reference one is 20 times slower. An upstream build brings
# its own.
file(REAL_PATH "/usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/libblas.so.3" attnviz_blas)
if(EXISTS "${attnviz_blas}" AND NOT attnviz_blas MATCHES "openblas|mkl|blis|atlas" AND ATTNVIZ_TORCH_PACKAGE MATCHES "^/usr/lib/")
  message(WARNING "libtorch runs on the reference BLAS, about 20 times slower than it needs to be; "
                  "run: apt-get install libopenblas0-openmp")
endif()

# The BLAS that libtorch loads, "libblas.so.3"; empty where it has one inside. The program looks at it before it loads
# libtorch.
set(ATTNVIZ_BLAS "")
find_library(ATTNVIZ_TORCH_CPU torch_cpu HINTS "${TORCH_INSTALL_PREFIX}/lib")
mark_as_advanced(ATTNVIZ_TORCH_CPU)
if(ATTNVIZ_TORCH_CPU AND CMAKE_READELF)
  execute_process(COMMAND "${CMAKE_READELF}" -d "${ATTNVIZ_TORCH_CPU}" OUTPUT_VARIABLE attnviz_needed ERROR_QUIET)
  if(attnviz_needed MATCHES "NEEDED[^\n]*\\[(lib(c?blas|openblas|blis)[^]]*)\\]")
    set(ATTNVIZ_BLAS "${CMAKE_MATCH_1}")
  endif()
endif()
