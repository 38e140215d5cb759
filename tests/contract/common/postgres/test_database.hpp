// A database of its own for a test, on the server that FOLDSTREAM_POSTGRES_URL names (a superuser's
// URL); dropped at the end.
#pragma once

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "common/core/random.hpp"
#include "common/core/uuid.hpp"
#include "common/postgres/connection.hpp"

namespace foldstream::testing {

// The same server, another database.
inline std::string with_database(const std::string& url, const std::string& database) {
    const auto scheme = url.find("://");
    if (scheme == std::string::npos) return url + " dbname=" + database;
    const auto query = url.find('?', scheme + 3);
    const std::string head = url.substr(0, query);
    const auto path = head.find('/', scheme + 3);
    return head.substr(0, path) + "/" + database +
           (query == std::string::npos ? std::string() : url.substr(query));
}

class TestDatabase {
public:
    TestDatabase() {
        const char* url = std::getenv("FOLDSTREAM_POSTGRES_URL");
        if (url == nullptr || *url == '\0') {
            throw std::runtime_error(
                "these tests need a real Postgres: set FOLDSTREAM_POSTGRES_URL to a superuser's "
                "URL, for example postgresql://postgres@127.0.0.1:5432/postgres (./dev test does)");
        }
        server_ = url;
        KernelRandom random;
        name_ = "foldstream_test_" + Uuid::random(random).text().substr(0, 8);
        admin().exec("CREATE DATABASE " + name_);
    }
    ~TestDatabase() {
        try {
            admin().exec("DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)");
        } catch (const postgres::Error&) {
            // A server that is gone has no database to drop.
        }
    }
    TestDatabase(const TestDatabase&) = delete;
    TestDatabase& operator=(const TestDatabase&) = delete;

    [[nodiscard]] std::string url() const { return with_database(server_, name_); }
    [[nodiscard]] postgres::ConnectionSettings settings() const {
        postgres::ConnectionSettings settings;
        settings.url = url();
        settings.application_name = "foldstream-test";
        return settings;
    }
    [[nodiscard]] postgres::Connection connect() const { return postgres::Connection(settings()); }
    // Ends another session and waits until the server has ended it.
    void terminate(const std::string& backend_pid) const {
        admin().exec("SELECT pg_terminate_backend($1::int, 10000)", {backend_pid});
    }

private:
    [[nodiscard]] postgres::Connection admin() const {
        postgres::ConnectionSettings settings;
        settings.url = server_;
        settings.application_name = "foldstream-test-admin";
        return postgres::Connection(settings);
    }
    std::string server_;
    std::string name_;
};

}  // namespace foldstream::testing
