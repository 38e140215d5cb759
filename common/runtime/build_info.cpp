#include "common/runtime/build_info.hpp"

#include "foldstream_build.h"  // made by cmake/build_info.cmake

namespace foldstream::runtime {

std::string_view build_version() { return FOLDSTREAM_BUILD_VERSION; }

std::string_view build_commit() { return FOLDSTREAM_BUILD_COMMIT; }

std::string build_text() {
    return std::string(build_version()) + " (" + std::string(build_commit()) + ")";
}

}  // namespace foldstream::runtime
