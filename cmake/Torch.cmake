# Finds libtorch; included here and by the installed package. It gives the target torch, TORCH_LIBRARIES and
# ATTNVIZ_TORCH_PACKAGE (the folder of its TorchConfig.cmake), or leaves Torch_FOUND off.
#
# A build for the processor alone is found by the package that it brings. A build for an accelerator, which is what
# `pip install torch` brings, has a package that ends the configuration where the accelerator's toolkit is not installed.
# attnviz uses the libraries and the headers alone, so such a build is described here by what lies in its folder; at run
# time libtorch loads its own accelerator.

# The folder of the package that find_package(Torch) would load. No build has this version: all are looked at and none
# is loaded.
function(attnviz_torch_package result)
  set(given "${Torch_DIR}")
  find_package(Torch 9999 QUIET CONFIG)
  unset(Torch_DIR CACHE)
  if(given)
    set(Torch_DIR "${given}" CACHE PATH "Where libtorch's TorchConfig.cmake is" FORCE)
  endif()
  set(folder "")
  if(Torch_CONSIDERED_CONFIGS)
    list(GET Torch_CONSIDERED_CONFIGS 0 package)
    get_filename_component(folder "${package}" DIRECTORY)
  endif()
  set(${result} "${folder}" PARENT_SCOPE)
endfunction()

# The C++ ABI that the library was built with, 1 or 0, from how it spells std::string.
function(attnviz_torch_abi library result)
  file(STRINGS "${library}" new_strings LIMIT_COUNT 1 REGEX "^_ZN3c10.*NSt7__cxx1112basic_string")
  if(new_strings)
    set(${result} 1 PARENT_SCOPE)
  else()
    set(${result} 0 PARENT_SCOPE)
  endif()
endfunction()

# The C++ standard that the headers ask for at least.
function(attnviz_torch_standard header result)
  set(standard 17)
  file(STRINGS "${header}" lines REGEX "__cplusplus < [0-9]+L")
  if(lines MATCHES "__cplusplus < 202[3-9]")
    set(standard 23)
  elseif(lines MATCHES "__cplusplus < 202")
    set(standard 20)
  endif()
  set(${result} ${standard} PARENT_SCOPE)
endfunction()

# The target torch from the folder of an upstream build.
function(attnviz_add_torch prefix)
  set(include "${prefix}/include")
  attnviz_torch_abi("${prefix}/lib/libc10.so" abi)
  attnviz_torch_standard("${include}/ATen/ATen.h" standard)
  set(parts "")
  foreach(part IN ITEMS torch_cpu c10)
    add_library(attnviz_${part} SHARED IMPORTED)
    set_target_properties(attnviz_${part} PROPERTIES IMPORTED_LOCATION "${prefix}/lib/lib${part}.so"
                                                     IMPORTED_SONAME "lib${part}.so")
    list(APPEND parts attnviz_${part})
  endforeach()
  add_library(torch INTERFACE IMPORTED)
  # Nothing calls libtorch.so itself; it is what brings the accelerator's library in, so it stays where the linker
  # would drop what is not called.
  set_target_properties(torch PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${include};${include}/torch/csrc/api/include"
    INTERFACE_COMPILE_DEFINITIONS "_GLIBCXX_USE_CXX11_ABI=${abi}"
    INTERFACE_COMPILE_FEATURES cxx_std_${standard}
    INTERFACE_LINK_LIBRARIES "-Wl,--push-state,--no-as-needed,${prefix}/lib/libtorch.so,--pop-state;${parts}")
endfunction()

if(TARGET torch)
  set(Torch_FOUND ON)
else()
  attnviz_torch_package(ATTNVIZ_TORCH_PACKAGE)
  get_filename_component(attnviz_torch_prefix "${ATTNVIZ_TORCH_PACKAGE}/../../.." ABSOLUTE)
  file(GLOB attnviz_torch_accelerator "${attnviz_torch_prefix}/lib/libtorch_cuda.so"
       "${attnviz_torch_prefix}/lib/libtorch_hip.so" "${attnviz_torch_prefix}/lib/libtorch_xpu.so")
  if(ATTNVIZ_TORCH_PACKAGE AND attnviz_torch_accelerator)
    attnviz_add_torch("${attnviz_torch_prefix}")
    set(TORCH_LIBRARIES torch)
    set(Torch_FOUND ON)
  else()
    # Debian 13's package warns of a static part that its own build does without.
    set(attnviz_log_level "${CMAKE_MESSAGE_LOG_LEVEL}")
    set(CMAKE_MESSAGE_LOG_LEVEL ERROR)
    find_package(Torch QUIET)
    set(CMAKE_MESSAGE_LOG_LEVEL "${attnviz_log_level}")
  endif()
endif()
