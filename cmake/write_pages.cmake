# Lets PROGRAM write its manual pages and completions into FOLDER, as they lie below a prefix.
function(write file)
  execute_process(COMMAND "${PROGRAM}" help ${ARGN} OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
  file(WRITE "${FOLDER}/${file}" "${text}")
  set(written "${text}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE "${FOLDER}/share")
write(share/bash-completion/completions/sheepop --completions bash)
write(share/zsh/site-functions/_sheepop --completions zsh)
write(share/fish/vendor_completions.d/sheepop.fish --completions fish)
write(share/man/man1/sheepop.1 --man)
string(REGEX MATCHALL "BR sheepop[^a-z]+[a-z]+" commands "${written}")  # of its last section
foreach(command ${commands})
  string(REGEX REPLACE ".*[^a-z]" "" command "${command}")
  write(share/man/man1/sheepop-${command}.1 --man ${command})
endforeach()
file(WRITE "${FOLDER}/made" "")
