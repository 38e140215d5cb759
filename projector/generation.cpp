#include "projector/generation.hpp"

namespace foldstream::projector {

Result<ServedGeneration, std::string> find_generation(postgres::Connection& connection,
                                                      const fold::Projection& projection) {
    if (!connection.exec("SELECT to_regclass('foldstream.generation')::text").get(0, 0)) {
        return Failure<std::string>{"the database has no Foldstream schema yet: foldctl migrate"};
    }
    const postgres::Result row = connection.exec(
        "SELECT g.generation, g.fold_version, encode(g.secret, 'hex') "
        "FROM foldstream.projection p JOIN foldstream.generation g "
        "ON g.projection = p.name AND g.generation = p.active_generation "
        "WHERE p.name = $1 AND g.state = 'active'",
        {projection.name});
    if (row.rows() == 0)
        return Failure<std::string>{"there is no active generation yet: foldctl migrate"};
    if (row.integer(0, 1) != projection.fold_version) {
        return Failure<std::string>{
            "generation " + row.text(0, 0) + " was folded by version " + row.text(0, 1) +
            " and this binary folds by version " + std::to_string(projection.fold_version) +
            ": rebuild the projection, or run the binary that belongs to it"};
    }
    ServedGeneration served;
    served.number = Generation(static_cast<std::int32_t>(row.integer(0, 0)));
    const std::string secret = row.text(0, 2);
    const auto nibble = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    for (std::size_t i = 0; i + 1 < secret.size(); i += 2)
        served.secret.push_back(
            static_cast<std::uint8_t>(nibble(secret[i]) * 16 + nibble(secret[i + 1])));
    return served;
}

}  // namespace foldstream::projector
