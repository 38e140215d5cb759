// RAII over libpq. Private to common/postgres.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "common/postgres/connection.hpp"
#include "common/postgres/errors.hpp"

namespace foldstream::postgres {

struct FreeResult {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using ResultHandle = std::unique_ptr<PGresult, FreeResult>;

// One connection to the server. Every call ends by a deadline, also when the server is frozen or
// the network swallows everything: then the connection is dead. One thread at a time.
class Wire {
public:
    // Connects and sets the session up. Throws Error(lost) or Error(deterministic).
    explicit Wire(const ConnectionSettings& settings);

    // The unnamed statement, its parameters as text.
    ResultHandle run(const std::string& sql, const Params& params, Phase phase);
    ResultHandle prepare(const std::string& name, const std::string& sql, Phase phase);
    ResultHandle run_prepared(const std::string& name, const Params& params, Format format,
                              Phase phase);
    // The same, but the answer is left to receive(), which must be the next call.
    void send_prepared(const std::string& name, const Params& params, Format format, Phase phase);
    ResultHandle receive(Phase phase);
    // Several statements; the last one's result, or the first failure.
    ResultHandle script(const std::string& sql, Phase phase, std::chrono::milliseconds at_most);

    [[nodiscard]] bool dead() const;

private:
    using Deadline = std::chrono::steady_clock::time_point;
    struct Finish {
        void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
    };

    void connect(const ConnectionSettings& settings);
    void set_up(const ConnectionSettings& settings);
    [[noreturn]] void fail_connect(const std::string& message);
    [[nodiscard]] Deadline deadline() const;
    ResultHandle finish(bool sent, Deadline until, Phase phase);
    ResultHandle answer(Deadline until, Phase phase);
    [[nodiscard]] bool flush(Deadline until);
    [[nodiscard]] bool wait(short events, Deadline until) const;
    ResultHandle checked(ResultHandle result, Phase phase);
    [[noreturn]] void fail_dead(Phase phase, const char* why);

    std::unique_ptr<PGconn, Finish> connection_;
    std::string secret_;  // the password, to be starred out of what the server says
    std::chrono::milliseconds answer_timeout_;
    bool read_only_;
    Deadline sent_until_{};  // when the answer to what was sent must be there
    bool dead_ = false;
};

}  // namespace foldstream::postgres
