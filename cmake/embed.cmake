# Makes an assembler file that holds the files of a folder, and a C++ table of them.
#   cmake -DFOLDER=web/dist -DOUT=build/embedded -P cmake/embed.cmake
file(GLOB_RECURSE files RELATIVE ${FOLDER} ${FOLDER}/*)
set(assembler "  .section .rodata\n")
set(declarations "")
set(rows "")
set(count 0)
foreach(file ${files})
  string(APPEND assembler "  .global headroom_file_${count}\n  .global headroom_file_${count}_end\n"
    "headroom_file_${count}:\n  .incbin \"${FOLDER}/${file}\"\nheadroom_file_${count}_end:\n  .byte 0\n")
  string(APPEND declarations "extern \"C\" const char headroom_file_${count}[];\n"
    "extern \"C\" const char headroom_file_${count}_end[];\n")
  string(APPEND rows "    {\"/${file}\", headroom_file_${count}, headroom_file_${count}_end},\n")
  math(EXPR count "${count} + 1")
endforeach()
string(APPEND assembler "  .section .note.GNU-stack,\"\",%progbits\n")
file(WRITE ${OUT}.S "${assembler}")
file(WRITE ${OUT}_table.h "${declarations}\nnamespace headroom::server {\n\n"
  "const EmbeddedFile kEmbeddedFiles[] = {\n${rows}    {nullptr, nullptr, nullptr},\n};\n\n"
  "}  // namespace headroom::server\n")
