# Says in our words what CMake says of a missing compiler in its own. Read before project(), which looks for one.
if(NOT CMAKE_CXX_COMPILER)
  separate_arguments(asked UNIX_COMMAND "$ENV{CXX}")
  find_program(SHEEPOP_COMPILER NAMES ${asked} c++ g++ clang++ NO_CACHE)
  if(NOT SHEEPOP_COMPILER)
    message(FATAL_ERROR "SheepOp is built by a compiler of C++20, and there is none here: install g++. In a clone, "
                        "scripts/setup installs it and the libraries.")
  endif()
endif()
