# What is installed besides the program and the library, and the Debian packages that CPack makes: sheepop, the shared
# library under the number of its interface (libsheepop1), and libsheepop-dev.
include(GNUInstallDirs)

# Manual pages and completions, which the program writes of itself.
set(pages "${CMAKE_BINARY_DIR}/pages")
add_custom_command(OUTPUT "${pages}/made"
                   COMMAND "${CMAKE_COMMAND}" -D "PROGRAM=$<TARGET_FILE:sheepop>" -D "FOLDER=${pages}" -P
                           "${CMAKE_SOURCE_DIR}/cmake/write_pages.cmake"
                   DEPENDS sheepop "${CMAKE_SOURCE_DIR}/cmake/write_pages.cmake"
                   COMMENT "Writing manual pages and completions" VERBATIM)
add_custom_target(sheepop_pages ALL DEPENDS "${pages}/made")
install(DIRECTORY "${pages}/share/" DESTINATION "${CMAKE_INSTALL_DATADIR}" COMPONENT pages)

# What only the packages have: manual pages and changelog compressed, zsh's completions where Debian has those of packages,
# the service and its configuration.
set(debian "${CMAKE_BINARY_DIR}/debian")
string(REPLACE "-" "~" version "${SHEEPOP_VERSION}")
set(SHEEPOP_MAINTAINER "The authors of SheepOp <maintainers@sheepop.invalid>" CACHE STRING "Maintainer of the packages")
add_custom_command(OUTPUT "${debian}/made"
                   COMMAND "${CMAKE_SOURCE_DIR}/packaging/debian/stage" "${pages}" "${debian}" "${version}"
                           "${SHEEPOP_MAINTAINER}" "${SHEEPOP_ABI}"
                   DEPENDS "${pages}/made" packaging/debian/stage packaging/debian/copyright CHANGELOG.md
                           src/base/version.h
                   COMMENT "Laying out the packages' own files" VERBATIM)
add_custom_target(sheepop_debian DEPENDS "${debian}/made")
install(DIRECTORY "${debian}/program/" DESTINATION . COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES "${CMAKE_SOURCE_DIR}/packaging/sheepop.service" DESTINATION lib/systemd/system COMPONENT debian
        EXCLUDE_FROM_ALL)
install(FILES "${CMAKE_SOURCE_DIR}/packaging/serve.toml" DESTINATION /etc/sheepop COMPONENT debian EXCLUDE_FROM_ALL)
install(DIRECTORY "${debian}/library/" DESTINATION . COMPONENT library_debian EXCLUDE_FROM_ALL)
install(DIRECTORY "${debian}/development/" DESTINATION . COMPONENT development_debian EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME sheepop)
set(CPACK_PACKAGE_VENDOR SheepOp)
set(CPACK_PACKAGE_VERSION "${version}")
set(CPACK_PACKAGE_CONTACT "${SHEEPOP_MAINTAINER}")
set(CPACK_PACKAGE_DIRECTORY "${CMAKE_BINARY_DIR}/packages")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL program debian library library_debian development development_debian)
set(CPACK_COMPONENT_PROGRAM_GROUP program)
set(CPACK_COMPONENT_DEBIAN_GROUP program)
set(CPACK_COMPONENT_LIBRARY_GROUP library)
set(CPACK_COMPONENT_LIBRARY_DEBIAN_GROUP library)
set(CPACK_COMPONENT_DEVELOPMENT_GROUP development)
set(CPACK_COMPONENT_DEVELOPMENT_DEBIAN_GROUP development)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION
    "make, run and explain language models on ordinary computers
SheepOp ingests documents of many formats, trains language models on them,
runs those and the ones that people already have (GGUF files and Hugging Face
folders) on the processor, serves them over HTTP to the clients of OpenAI's
and Anthropic's APIs, and shows why a model writes what it writes.
.
The service sheepop is not started by the installation.")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME sheepop)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS "ca-certificates, pandoc, poppler-utils, tesseract-ocr")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_CONTROL_EXTRA conffiles postinst prerm postrm)
list(TRANSFORM CPACK_DEBIAN_PROGRAM_PACKAGE_CONTROL_EXTRA PREPEND "${CMAKE_SOURCE_DIR}/packaging/debian/")
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION
    "make, run and explain language models (shared library)
What programs in C, and in the languages that call it, need of SheepOp while
they run: texts, conversations, traces and vectors of language models.")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libsheepop${SHEEPOP_ABI})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA "${CMAKE_SOURCE_DIR}/packaging/debian/library/triggers")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
    "make, run and explain language models (development files)
The headers of SheepOp for C++ and C, its static library, and a CMake package:
texts, conversations, traces and vectors of language models in programs of
one's own.")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libsheepop-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "libsheepop${SHEEPOP_ABI} (= ${version}), libarchive-dev, libboost-json${Boost_VERSION_MAJOR}.${Boost_VERSION_MINOR}-dev, libcurl4-openssl-dev, libfmt-dev, libpcre2-dev, libssl-dev, libuchardet-dev, libutf8proc-dev, libxml2-dev, libzstd-dev, pkg-config")
include(CPack)
