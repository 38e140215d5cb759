// Protobuf's own log lines.
#pragma once

namespace foldstream::codec {

// Protobuf writes a line to stderr for every message with invalid UTF-8, which any sender can make:
// the decoders refuse such input by value, so nothing is lost by silence. Once, first of all in
// main.
void mute_protobuf_log();

}  // namespace foldstream::codec
