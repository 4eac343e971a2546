# SHEEPOP_STANDALONE: for a file that must run on other systems than the one it was made on, as in a wheel. What would bring
# ICU (31 MB of tables that nothing here asks) or a display's libraries comes as archives, of which the linker takes what is
# used; so do small ones, which then need no file of their own. What is left (curl, OpenSSL, libedit, fmt, Boost) can be
# copied beside the program, which is what auditwheel does.

# sheepop_archives(NAME PACKAGE LIBRARY... [AND target...]) puts archives in the place of what PkgConfig::NAME links.
function(sheepop_archives name package)
  cmake_parse_arguments(ARG "" "" "AND" ${ARGN})
  set(found "")
  foreach(library ${ARG_UNPARSED_ARGUMENTS})
    find_library(SHEEPOP_ARCHIVE_${library} NAMES "lib${library}.a" NO_CACHE)
    if(NOT SHEEPOP_ARCHIVE_${library})
      list(APPEND missing "lib${library}.a (${package})")
      set(missing "${missing}" PARENT_SCOPE)
    endif()
    list(APPEND found "${SHEEPOP_ARCHIVE_${library}}")
  endforeach()
  if(TARGET PkgConfig::${name})
    set_target_properties(PkgConfig::${name} PROPERTIES INTERFACE_LINK_LIBRARIES "${found};${ARG_AND}")
  endif()
endfunction()

add_library(sheepop_no_icu STATIC "${CMAKE_SOURCE_DIR}/cmake/no_icu.cc")
find_package(ZLIB QUIET)
sheepop_need(ZLIB_FOUND zlib1g-dev)
sheepop_archives(ZSTD libzstd-dev zstd)
sheepop_archives(UTF8PROC libutf8proc-dev utf8proc)
sheepop_archives(UCHARDET libuchardet-dev uchardet)
sheepop_archives(PCRE2 libpcre2-dev pcre2-8)
sheepop_archives(LIBXML2 "libxml2-dev and liblzma-dev" xml2 lzma AND sheepop_no_icu ZLIB::ZLIB m)
sheepop_archives(LIBARCHIVE "libarchive-dev, nettle-dev and libbz2-dev" archive nettle lzma zstd bz2 AND ZLIB::ZLIB)
sheepop_archives(CAIRO "libcairo2-dev and libbrotli-dev" cairo pixman-1 fontconfig freetype png16 expat brotlidec brotlicommon
                 AND ZLIB::ZLIB m)

# What stands in a file as an archive is its own: a library beside it that wants the same finds its own copy.
add_link_options(-Wl,--exclude-libs,ALL)
