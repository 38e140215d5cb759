// Numbered SQL files, applied once each, and the first generation of every projection.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/fold/domain.hpp"
#include "common/postgres/connection.hpp"

namespace foldstream::postgres {

struct MigrationReport {
    std::vector<std::string> applied;  // files, in order: "0001_platform"
    // First generations ("orders g1"), and what a generation that was there lacked: a table by
    // which it is searched ("orders_search").
    std::vector<std::string> created;
    // Projections whose active generation was made by another fold_version: they need a rebuild.
    std::vector<std::string> outdated;
};

// A file as it was when the binary was built.
struct Migration {
    int number = 0;
    std::string_view name;  // "0001_platform"
    std::string_view sql;
};

// Those of this binary, numbers 1, 2, 3 …
const std::vector<Migration>& embedded_migrations();

// Applies what is missing, each file in a transaction of its own together with its record, under an
// advisory lock (two at once: the second finds nothing to do); then makes generation 1 of each
// projection that has none: tables, rollup tables, search tables, views, owned by
// foldstream_projector, and a fresh secret for its digests; and the search table of an active
// generation that was made without. The first run needs a superuser, later ones
// foldstream_migrator. Throws Error; deterministic and naming the file when an applied one has
// changed since, when the database is newer than this binary, or when a privilege is missing.
MigrationReport migrate(Connection& connection, const fold::Registry& registry);

// The same with other files, for tests.
MigrationReport migrate(Connection& connection, const fold::Registry& registry,
                        const std::vector<Migration>& migrations);

}  // namespace foldstream::postgres
