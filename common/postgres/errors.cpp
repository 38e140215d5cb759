#include "common/postgres/errors.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace foldstream::postgres {

namespace {

bool of_class(std::string_view sqlstate, std::string_view two) {
    return sqlstate.substr(0, 2) == two;
}

bool ends_the_connection(std::string_view sqlstate) {
    static constexpr std::array<std::string_view, 6> states = {
        "57P01",  // admin_shutdown
        "57P02",  // crash_shutdown
        "57P03",  // cannot_connect_now
        "57P05",  // idle_session_timeout
        "25P03",  // idle_in_transaction_session_timeout
        "25P04",  // transaction_timeout
    };
    return of_class(sqlstate, "08") ||
           std::find(states.begin(), states.end(), sqlstate) != states.end();
}

bool passes_by_itself(std::string_view sqlstate) {
    static constexpr std::array<std::string_view, 4> states = {
        "55P03",  // lock_not_available
        "55006",  // object_in_use
        "57014",  // query_canceled: the statement's time was over
        "0A000",  // here only: cached plan must not change result type, see Connection::exec
    };
    return of_class(sqlstate, "40") ||  // serialization, deadlock
           of_class(sqlstate, "53") ||  // disk full, out of memory, too many connections
           of_class(sqlstate, "58") ||  // input or output failed
           std::find(states.begin(), states.end(), sqlstate) != states.end();
}

}  // namespace

ErrorKind kind_of(std::string_view sqlstate, Phase phase, bool dead) {
    // A message that the server cannot read is this side's mistake, and it goes on with the next.
    const bool unread = sqlstate == "08P01" && !dead && phase != Phase::connect;
    const bool gone = dead || (ends_the_connection(sqlstate) && !unread);
    switch (phase) {
        case Phase::connect:
            // 28: wrong password; 3D: no such database; 42: no right to connect; 22: a setting.
            if (of_class(sqlstate, "28") || of_class(sqlstate, "3D") || of_class(sqlstate, "42") ||
                of_class(sqlstate, "22")) {
                return ErrorKind::deterministic;
            }
            return ErrorKind::lost;
        case Phase::commit:
        case Phase::alone:
            if (gone || sqlstate == "40003") return ErrorKind::in_doubt;
            break;
        case Phase::transaction:
        case Phase::read:
            if (gone) return ErrorKind::lost;
            break;
    }
    return passes_by_itself(sqlstate) ? ErrorKind::retry : ErrorKind::deterministic;
}

std::string presentable(std::string_view message, std::string_view secret) {
    constexpr std::size_t bound = 500;
    std::string text(message);
    if (!secret.empty()) {
        for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
            text.replace(at, secret.size(), "***");
            at += 3;
        }
    }
    for (char& c : text) {
        if (c == '\n' || c == '\r' || c == '\t') c = ' ';
    }
    while (!text.empty() && text.back() == ' ') text.pop_back();
    if (text.size() > bound) {
        text.resize(bound);
        text += "…";
    }
    return text;
}

std::string sqlstate_in(std::string_view verbose_message) {
    // ":  XXXXX: " — the severity before it is in the server's language.
    for (std::size_t at = verbose_message.find(":  "); at != std::string_view::npos;
         at = verbose_message.find(":  ", at + 1)) {
        const std::string_view state = verbose_message.substr(at + 3, 5);
        if (state.size() == 5 && verbose_message.substr(at + 8, 2) == ": " &&
            std::all_of(state.begin(), state.end(), [](unsigned char c) {
                return std::isdigit(c) != 0 || std::isupper(c) != 0;
            })) {
            return std::string(state);
        }
    }
    return {};
}

}  // namespace foldstream::postgres
