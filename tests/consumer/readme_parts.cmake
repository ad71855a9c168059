# Takes the program and its CMakeLists.txt out of include/attnviz/README.md. Included by consume.cmake.

# write_block(<page> <language> <file>): the first block of <language> in the Markdown <page>.
function(write_block page language file)
  file(READ "${page}" text)
  set(opening "\n```${language}\n")
  string(FIND "${text}" "${opening}" begin)
  if(begin EQUAL -1)
    message(FATAL_ERROR "${page} has no block of ${language}")
  endif()
  string(LENGTH "${opening}" length)
  math(EXPR begin "${begin} + ${length}")
  string(SUBSTRING "${text}" ${begin} -1 text)
  string(FIND "${text}" "\n```" end)
  string(SUBSTRING "${text}" 0 ${end} text)
  file(WRITE "${file}" "${text}\n")
endfunction()
