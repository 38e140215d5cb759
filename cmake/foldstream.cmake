# One library target a folder: foldstream_library(common/codec DEPENDS common/core PACKAGES xxhash)
# makes foldstream_common_codec out of every .cpp in the folder.
include_guard(GLOBAL)

add_library(foldstream_flags INTERFACE)
target_compile_features(foldstream_flags INTERFACE cxx_std_20)
target_include_directories(foldstream_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(foldstream_flags INTERFACE BOOST_ASIO_NO_DEPRECATED)
# The lanes with other compilers and instruments look for faults; warnings are the dev build's.
if(FOLDSTREAM_SANITIZE)
  target_compile_options(foldstream_flags INTERFACE -Wall)
  # Generated code, too: what it does with memory and threads counts.
  add_compile_options(-fsanitize=${FOLDSTREAM_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  add_link_options(-fsanitize=${FOLDSTREAM_SANITIZE})
else()
  target_compile_options(foldstream_flags INTERFACE -Wall -Wextra -Wconversion -Wshadow -Werror)
endif()
if(FOLDSTREAM_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(FOLDSTREAM_HARDEN)
  target_compile_options(foldstream_flags INTERFACE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE)
  target_link_options(foldstream_flags INTERFACE -pie -Wl,-z,relro,-z,now)
endif()
if(FOLDSTREAM_TEST_HOOKS)
  target_compile_definitions(foldstream_flags INTERFACE FOLDSTREAM_TEST_HOOKS=1)
endif()

# Coverage of domains/ and common/fold alone ("focus") costs the test build little; "all" is a preset.
function(_foldstream_coverage target folder)
  if(FOLDSTREAM_COVERAGE STREQUAL "all"
     OR (FOLDSTREAM_COVERAGE STREQUAL "focus" AND folder MATCHES "^(domains|common/fold)"))
    target_compile_options(${target} PRIVATE --coverage -fprofile-update=atomic)
  endif()
  if(FOLDSTREAM_COVERAGE)
    target_link_options(${target} PUBLIC --coverage)
  endif()
endfunction()

function(_foldstream_name folder out)
  string(REPLACE "/" "_" name "foldstream_${folder}")
  string(REPLACE "-" "_" name "${name}")
  set(${out} ${name} PARENT_SCOPE)
endfunction()

# Sources: every .cpp of the folder itself but main.cpp. EXCLUDE names more to leave out.
function(foldstream_library folder)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK;EXCLUDE" ${ARGN})
  _foldstream_name(${folder} target)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  foreach(name ${ARG_EXCLUDE})
    list(REMOVE_ITEM sources ${CMAKE_SOURCE_DIR}/${folder}/${name})
  endforeach()
  if(NOT sources)
    file(WRITE ${CMAKE_BINARY_DIR}/${target}.cpp "")
    set(sources ${CMAKE_BINARY_DIR}/${target}.cpp)
  endif()
  add_library(${target} STATIC ${sources})
  target_link_libraries(${target} PUBLIC foldstream_flags ${ARG_LINK})
  foreach(dependency ${ARG_DEPENDS})
    _foldstream_name(${dependency} name)
    target_link_libraries(${target} PUBLIC ${name})
  endforeach()
  _foldstream_coverage(${target} ${folder})
endfunction()

# What every process has beside its code: its place and its allocator.
function(foldstream_as_shipped name)
  # Sanitizers bring an allocator of their own.
  if(NOT FOLDSTREAM_SANITIZE)
    target_link_libraries(${name} PRIVATE -Wl,--no-as-needed PkgConfig::jemalloc -Wl,--as-needed)
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()

# A process: its library plus main.cpp.
function(foldstream_program folder name)
  _foldstream_name(${folder} library)
  if(NOT EXISTS ${CMAKE_SOURCE_DIR}/${folder}/main.cpp)
    return()
  endif()
  add_executable(${name} ${CMAKE_SOURCE_DIR}/${folder}/main.cpp)
  target_link_libraries(${name} PRIVATE ${library})
  foldstream_as_shipped(${name})
endfunction()

# foldstream_build.h for the target: version and commit, looked up at each build, so that a new commit
# compiles one small file and not the tree. Test builds do not ask for the commit: each one would link anew.
function(foldstream_build_info target)
  set(folder ${CMAKE_BINARY_DIR}/build_info)
  set(ask ON)
  if(FOLDSTREAM_TESTS)
    set(ask OFF)
  endif()
  add_custom_target(${target}_build_info
    COMMAND ${CMAKE_COMMAND} -DOUT=${folder}/foldstream_build.h -DSOURCE=${CMAKE_SOURCE_DIR}
            -DVERSION=${PROJECT_VERSION} -DASK_GIT=${ask} -P ${CMAKE_SOURCE_DIR}/cmake/build_info.cmake
    BYPRODUCTS ${folder}/foldstream_build.h
    COMMENT "version and commit")
  add_dependencies(${target} ${target}_build_info)
  target_include_directories(${target} PRIVATE ${folder})
endfunction()
