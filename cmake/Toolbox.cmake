# Toolbox.cmake — how every target of the house is built: flags, the precompiled header, ccache, mold, tests.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 17)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

option(NODAL_WERROR "Warnings are errors" ON)
set(NODAL_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them: address,undefined or thread")

find_program(NODAL_CCACHE ccache)
if(NODAL_CCACHE)
  # The precompiled header and the worktree's own path do not make a cached object stale.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${NODAL_CCACHE})
endif()
find_program(NODAL_MOLD mold)

include(GNUInstallDirs)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

add_library(nodal_flags INTERFACE)
target_include_directories(nodal_flags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
target_compile_options(nodal_flags INTERFACE -Wall -Wextra -Wpedantic -Wno-pedantic -Wswitch-enum
  -Wnon-virtual-dtor -Wno-missing-field-initializers -fPIE -fstack-protector-strong -fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=
  $<$<BOOL:${NODAL_WERROR}>:-Werror>)
target_compile_definitions(nodal_flags INTERFACE _GLIBCXX_ASSERTIONS NODAL_VERSION="${PROJECT_VERSION}"
  BOOST_ALL_NO_LIB)
target_link_libraries(nodal_flags INTERFACE Threads::Threads)
target_link_options(nodal_flags INTERFACE -pie -static-libstdc++ -static-libgcc -Wl,--as-needed)
if(NODAL_MOLD)
  target_link_options(nodal_flags INTERFACE -fuse-ld=mold)
endif()
target_compile_options(nodal_flags INTERFACE -ffunction-sections -fdata-sections)
target_link_options(nodal_flags INTERFACE -Wl,--gc-sections)
if(NODAL_SANITIZE)
  # Left out: three checks of UBSan at every access, which cost half of this build's time; what they
  # find AddressSanitizer or the processor stops as well, but for unaligned access.
  target_compile_options(nodal_flags INTERFACE -fsanitize=${NODAL_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize=null,object-size,alignment)
  target_link_options(nodal_flags INTERFACE -fsanitize=${NODAL_SANITIZE})
endif()

# One precompiled header of the standard library only; every other target reuses it.
file(WRITE ${CMAKE_BINARY_DIR}/pch.cc "")
add_library(nodal_pch OBJECT ${CMAKE_BINARY_DIR}/pch.cc)
target_link_libraries(nodal_pch PUBLIC nodal_flags)
target_precompile_headers(nodal_pch PRIVATE <algorithm> <array> <atomic> <chrono> <condition_variable> <cstdint>
  <cstring> <deque> <expected> <functional> <map> <memory> <mutex> <optional> <set> <span> <stop_token> <string>
  <string_view> <thread> <tuple> <unordered_map> <utility> <variant> <vector>)

# nodal_library(NAME SOURCES a.cc … LINK lib …): a static library of one room.
function(nodal_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC nodal_flags ${arg_LINK})
  target_precompile_headers(${name} REUSE_FROM nodal_pch)
endfunction()

# nodal_binary(NAME SOURCES main.cc … LINK lib …): an executable in build/bin.
function(nodal_binary name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE nodal_flags ${arg_LINK})
  target_precompile_headers(${name} REUSE_FROM nodal_pch)
endfunction()

# nodal_program(NAME …): a binary that is installed. nodectl looks for the others beside itself.
function(nodal_program name)
  nodal_binary(${name} ${ARGN})
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# nodal_tests(LABEL ROOM [ONE_PROCESS] LINK lib …): one binary LABEL_ROOM of every tests/LABEL/ROOM/**_test.cc.
# Cases are named LABEL.Suite.Case; ONE_PROCESS: one test LABEL.ROOM, for programs that start a daemon of their own. Kernel tests answer 77 where they cannot run.
function(nodal_tests label room)
  cmake_parse_arguments(arg "ONE_PROCESS" "" "LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${label}/${room}/*_test.cc)
  if(NOT sources)
    return()
  endif()
  find_package(GTest REQUIRED)
  string(REPLACE "-" "_" target ${label}_${room})
  nodal_binary(${target} SOURCES ${sources} LINK ${arg_LINK} GTest::gtest GTest::gtest_main)
  if(label MATCHES "unit|conformance")
    set_property(GLOBAL APPEND PROPERTY NODAL_CHECKED ${target})
  endif()
  if(arg_ONE_PROCESS)
    add_test(NAME ${label}.${room} COMMAND ${target} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${label}.${room} PROPERTIES LABELS ${label} TIMEOUT 300 SKIP_RETURN_CODE 77)
    return()
  endif()
  include(GoogleTest)
  gtest_discover_tests(${target} TEST_PREFIX "${label}." DISCOVERY_MODE PRE_TEST
    PROPERTIES LABELS ${label} TIMEOUT 120 SKIP_RETURN_CODE 77 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endfunction()

# nodal_fuzz(NAME source.cc LINK lib …): NAME runs its kept corpus in ctest (any compiler); with
# clang++ and -DNODAL_FUZZ=ON it is a libFuzzer program.
function(nodal_fuzz name source)
  cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
  nodal_binary(${name} SOURCES ${source} ${CMAKE_SOURCE_DIR}/tests/fuzz/driver.cc LINK ${arg_LINK})
  add_test(NAME fuzz.${name} COMMAND ${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name} --seconds 3 --seed 1)
  set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT 60)
endfunction()
