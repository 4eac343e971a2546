# sheepop_folder(NAME [LIBRARIES target...] [EXCEPT subfolder...]) describes the folder it is called in. It links to the
# folders that src/LAYERS names for it. Every *.cc is part of the library sheepop_NAME, every *_test.cc of the test program
# sheepop_NAME_test, every *_bench.cc of sheepop_NAME_bench, and every *_fuzz.cc is a libFuzzer program of its own.

# -ffp-contract=off: a sum is fused only where the source says fma, so every compiler gives the same bits.
add_library(sheepop_flags INTERFACE)
target_compile_options(sheepop_flags INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
                       -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 takes "a" + std::move(string) for a copy over itself (GCC bug 105651).
  target_compile_options(sheepop_flags INTERFACE -Wno-restrict)
endif()
target_include_directories(sheepop_flags INTERFACE "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}")
if(SHEEPOP_SANITIZE)
  add_compile_options(-fsanitize=${SHEEPOP_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SHEEPOP_SANITIZE})
endif()
if(SHEEPOP_FUZZ)
  # RelWithDebInfo is compiled without assertions; what looks for faults wants them, the library's too.
  add_compile_options(-UNDEBUG -D_GLIBCXX_ASSERTIONS)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Not compiled with others, whatever SHEEPOP_UNITY says: its speed hangs on how the compiler sees each unit.
set(SHEEPOP_ALONE kernel)

# Folders in which nothing that takes long is computed: -O2 compiles a tenth faster there and costs nobody anything.
set(SHEEPOP_COLD checkpoint jinja data hub explain evaluate serve library cli)

# SHEEPOP_PROBED, a list of folders, are compiled with the flags SHEEPOP_PROBE besides: scripts/coverage and scripts/mutate
# look at some folders and leave the others as they are.
function(sheepop_probe name target)
  if(name IN_LIST SHEEPOP_PROBED)
    target_compile_options(${target} PRIVATE ${SHEEPOP_PROBE})
    if("--coverage" IN_LIST SHEEPOP_PROBE)
      target_link_options(${target} PUBLIC --coverage)
    endif()
  endif()
endfunction()

# sheepop_unity(TARGET UNIT...) compiles these units of a target together, as cmake/unity_batches.py puts them.
function(sheepop_unity target)
  if(NOT SHEEPOP_UNITY)
    return()
  endif()
  foreach(alone ${SHEEPOP_ALONE})
    list(FILTER ARGN EXCLUDE REGEX "^${CMAKE_SOURCE_DIR}/src/${alone}(/|$)")
  endforeach()
  execute_process(COMMAND python3 -B "${CMAKE_SOURCE_DIR}/cmake/unity_batches.py" ${ARGN}
                  OUTPUT_VARIABLE batches COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(batches UNIX_COMMAND "${batches}")
  foreach(source batch IN ZIP_LISTS ARGN batches)
    set_property(SOURCE "${source}" PROPERTY UNITY_GROUP ${batch})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  # GCC takes a .cc file that is included for a header, where a member of a type that no other unit knows is a fault.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endfunction()

if(SHEEPOP_TESTS)
  add_library(sheepop_testing STATIC "${CMAKE_SOURCE_DIR}/testing/paths.cc")
  target_compile_definitions(sheepop_testing PRIVATE SHEEPOP_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_link_libraries(sheepop_testing PUBLIC sheepop_flags)
endif()

# For the environment of every test.
set(SHEEPOP_LSAN_OPTIONS "LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/lsan.supp:print_suppressions=0")

function(sheepop_folder name)
  cmake_parse_arguments(ARG "" "" "LIBRARIES;EXCEPT" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cc")
  foreach(subfolder ${ARG_EXCEPT})
    list(FILTER sources EXCLUDE REGEX "/src/${name}/${subfolder}/")
  endforeach()
  set(library ${sources})
  list(FILTER library EXCLUDE REGEX "_(test|fuzz|bench)\\.cc$")
  list(FILTER library EXCLUDE REGEX "/main\\.cc$")
  if(NOT library)
    return()
  endif()
  add_library(sheepop_${name} STATIC ${library})
  list(TRANSFORM SHEEPOP_BELOW_${name} PREPEND sheepop_ OUTPUT_VARIABLE below)
  target_link_libraries(sheepop_${name} PUBLIC sheepop_flags ${below} ${ARG_LIBRARIES})

  if(name IN_LIST SHEEPOP_COLD)
    target_compile_options(sheepop_${name} PRIVATE $<$<CONFIG:Release>:-O2>)
  endif()
  sheepop_probe(${name} sheepop_${name})
  sheepop_unity(sheepop_${name} ${library})

  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  if(SHEEPOP_TESTS AND tests)
    add_executable(sheepop_${name}_test ${tests})
    target_link_libraries(sheepop_${name}_test PRIVATE sheepop_${name} sheepop_testing GTest::gtest GTest::gtest_main)
    sheepop_probe(${name} sheepop_${name}_test)
    sheepop_unity(sheepop_${name}_test ${tests})
    add_test(NAME ${name} COMMAND sheepop_${name}_test)
    # Without TZ, glibc replaces its copy of the zone at each mktime, under a lock that ThreadSanitizer does not see.
    set_tests_properties(${name} PROPERTIES ENVIRONMENT "TZ=UTC;${SHEEPOP_LSAN_OPTIONS}")
  endif()

  set(benches ${sources})
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  if(SHEEPOP_BENCHMARKS AND benches)
    add_executable(sheepop_${name}_bench ${benches})
    target_link_libraries(sheepop_${name}_bench PRIVATE sheepop_${name} benchmark::benchmark_main)
  endif()

  if(SHEEPOP_FUZZ)
    set(fuzzers ${sources})
    list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
    foreach(source ${fuzzers})
      get_filename_component(target ${source} NAME_WE)
      add_executable(${target} ${source})
      target_link_libraries(${target} PRIVATE sheepop_${name})
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    endforeach()
  endif()
endfunction()
