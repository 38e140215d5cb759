// What a failure of libpq means for the caller. Private to common/postgres.
#pragma once

#include <string>
#include <string_view>

#include "common/postgres/connection.hpp"

namespace foldstream::postgres {

enum class Phase {
    connect,
    transaction,  // a statement inside BEGIN … COMMIT
    commit,
    read,   // a statement of its own that changes nothing
    alone,  // a statement of its own: its commit is part of it
};

// `dead`: the connection is gone. SQLSTATE may be empty (the server said nothing).
ErrorKind kind_of(std::string_view sqlstate, Phase phase, bool dead);

// The server's sentence without line breaks, cut to 500 bytes, `secret` (when not empty) starred
// out wherever it stands.
std::string presentable(std::string_view message, std::string_view secret);

// libpq gives no SQLSTATE for a failed connection; it stands in the verbose text as
// "FATAL:  28P01: …". Empty when it does not.
std::string sqlstate_in(std::string_view verbose_message);

}  // namespace foldstream::postgres
