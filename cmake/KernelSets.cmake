# The sets of kernels, a row each: the folder of src/kernel/, the processors it is compiled for (a regular expression over
# CMAKE_SYSTEM_PROCESSOR), and the compiler flags of its files. src/kernel/kernels.h says what else a set is.

set(SHEEPOP_KERNEL_SETS "" CACHE STRING "Folders of kernels to build, such as reference;avx2; empty: all of this processor")

# SHEEPOP_SETS: every set. SHEEPOP_BUILT_SETS: those of this build. SHEEPOP_FLAGS_<set>: its flags.
macro(sheepop_kernel_set name processors)
  list(APPEND SHEEPOP_SETS ${name})
  set(SHEEPOP_FLAGS_${name} ${ARGN})
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(${processors})$" AND (NOT SHEEPOP_KERNEL_SETS OR "${name}" IN_LIST SHEEPOP_KERNEL_SETS))
    list(APPEND SHEEPOP_BUILT_SETS ${name})
  endif()
endmacro()

set(x86 "x86_64|AMD64|amd64")
set(avx2_flags -mavx2 -mfma -mf16c -mbmi -mbmi2)
set(avx512_flags ${avx2_flags} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni -mavx512vbmi -mprefer-vector-width=512)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 warns about the undefined registers of its own intrinsics (GCC bug 105593).
  list(APPEND avx512_flags -Wno-uninitialized -Wno-maybe-uninitialized)
endif()

if(SHEEPOP_SANITIZE)
  # The unrolled kernels take ten minutes to compile with sanitizers and -O2.
  list(APPEND avx2_flags -O1)
  list(APPEND avx512_flags -O1)
endif()

sheepop_kernel_set(reference ".*")
sheepop_kernel_set(avx2 "${x86}" ${avx2_flags})
sheepop_kernel_set(avx512 "${x86}" ${avx512_flags})
# Every processor with bf16 dot products has prefetchw.
sheepop_kernel_set(avx512bf16 "${x86}" ${avx512_flags} -mavx512bf16 -mprfchw)

foreach(set ${SHEEPOP_KERNEL_SETS})
  if(NOT "${set}" IN_LIST SHEEPOP_BUILT_SETS)
    message(FATAL_ERROR "SHEEPOP_KERNEL_SETS names ${set}, which is no set for ${CMAKE_SYSTEM_PROCESSOR}; there are: ${SHEEPOP_SETS}")
  endif()
endforeach()
if(NOT "reference" IN_LIST SHEEPOP_BUILT_SETS)
  message(FATAL_ERROR "SHEEPOP_KERNEL_SETS is ${SHEEPOP_KERNEL_SETS}: it must hold reference, which every build needs")
endif()
list(TRANSFORM SHEEPOP_BUILT_SETS REPLACE "(.+)" "SHEEPOP_SET(\\1)" OUTPUT_VARIABLE calls)
list(JOIN calls " " calls)
set(SHEEPOP_KERNEL_SETS_DEFINITION "SHEEPOP_KERNEL_SETS=${calls}")
