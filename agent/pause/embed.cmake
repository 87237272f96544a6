# Writes the bytes of IN as a C++ array into OUT.
file(READ ${IN} bytes HEX)
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUT} "// The pause program's bytes; made by agent/pause/embed.cmake.
#include \"agent/runtime/docker/pause_image.h\"

namespace nodal::agent::docker {
namespace {
constexpr unsigned char kBytes[] = {
${bytes}};
}  // namespace
std::string_view pause_program() { return {reinterpret_cast<const char*>(kBytes), sizeof kBytes}; }
}  // namespace nodal::agent::docker
")
