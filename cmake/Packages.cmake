# What is installed besides the program and the library.
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
