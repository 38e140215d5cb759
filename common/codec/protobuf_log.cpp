#include "common/codec/protobuf_log.hpp"

#include <google/protobuf/stubs/logging.h>

namespace foldstream::codec {

void mute_protobuf_log() { google::protobuf::SetLogHandler(nullptr); }

}  // namespace foldstream::codec
