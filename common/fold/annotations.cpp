#include "common/fold/annotations.hpp"

#include <set>
#include <stdexcept>
#include <string>

#include "common/fold/search_plan.hpp"
#include "common/fold/table_plan.hpp"

namespace foldstream::fold {

namespace {

using google::protobuf::FieldDescriptor;

[[noreturn]] void refuse(const std::string& where, const std::string& why) {
    throw std::invalid_argument(where + ": " + why);
}

// Names and routes that may stand once only; lives as long as one check.
struct Seen {
    std::set<std::string> domains;
    std::set<std::string> routes;
    std::set<std::string> tables;

    static void once(std::set<std::string>& names, const std::string& name,
                     const std::string& what) {
        if (!names.insert(name).second) refuse(name, "there are two " + what + " of this name");
    }
};

bool is_single_string(const FieldDescriptor* field) {
    return field != nullptr && !field->is_repeated() &&
           field->type() == FieldDescriptor::TYPE_STRING;
}

// An HTTP path names the aggregate, and no other field.
void check_path(const CommandType& command, const std::string& path) {
    if (path.empty() || path.front() != '/') {
        refuse(command.name, "its HTTP path does not begin with a slash");
    }
    for (std::size_t open = path.find('{'); open != std::string::npos;
         open = path.find('{', open + 1)) {
        const std::size_t close = path.find('}', open);
        if (close == std::string::npos) refuse(command.name, "its HTTP path has an open brace");
        const std::string name = path.substr(open + 1, close - open - 1);
        if (name != command.options.id_field()) {
            refuse(command.name + "." + name, "its HTTP path names it, but it is not the id field");
        }
    }
}

void check_command(const DomainModule& domain, const CommandType& command, Seen& seen) {
    if (!command.prototype->GetDescriptor()->options().HasExtension(v1::command)) {
        refuse(command.name, "it has no (foldstream.v1.command) option");
    }
    if (command.options.domain() != domain.name) {
        refuse(command.name, "it is annotated for domain \"" + command.options.domain() +
                                 "\" and registered in \"" + domain.name + "\"");
    }
    if (!is_single_string(command.id_field)) {
        refuse(command.name + "." + command.options.id_field(),
               "the id field must be a string field of the command");
    }
    if (!command.options.has_http()) return;
    const std::string& method = command.options.http().method();
    if (method != "POST" && method != "PUT" && method != "DELETE") {
        refuse(command.name, "its HTTP method must be POST, PUT or DELETE");
    }
    check_path(command, command.options.http().path());
    Seen::once(seen.routes, method + " " + command.options.http().path(), "HTTP routes");
}

void check_query(const DomainModule& domain, const NamedQuery& query, Seen& seen) {
    const std::string name = domain.name + query.path;
    if (query.path.empty() || query.path.front() != '/') {
        refuse(name, "a query's path begins with a slash");
    }
    Seen::once(seen.routes, "GET " + name, "queries");
    if (query.row_prototype == nullptr) refuse(name, "it has no row message");
    const Descriptor* row = query.row_prototype->GetDescriptor();
    for (const auto& [total, column] : query.totals) {
        if (row->FindFieldByName(column) == nullptr) {
            refuse(row->full_name() + "." + column, "total \"" + total + "\" of " + name +
                                                        " adds it up, but there is no such field");
        }
    }
    if (query.limited && query.sql.find("$1") == std::string::npos) {
        refuse(name, "it is limited, but its SQL has no $1");
    }
}

void check_projection(const DomainModule& domain, const Projection& projection, Seen& seen) {
    const std::string& row = projection.row_prototype->GetDescriptor()->full_name();
    if (projection.domain != domain.name) {
        refuse(row, "projection \"" + projection.name + "\" folds domain \"" + projection.domain +
                        "\" and is registered in \"" + domain.name + "\"");
    }
    if (projection.options.table() != projection.name) {
        refuse(row, "its table \"" + projection.options.table() +
                        "\" is not named as its projection \"" + projection.name + "\"");
    }
    Seen::once(seen.tables, projection.name, "tables");
    // The plans check all that concerns columns.
    const TablePlan base(projection);
    if (SearchPlan::of(base)) {
        Seen::once(seen.tables, search_table_name(projection.options.table()), "tables");
    }
    for (const RollupType& rollup : projection.rollups) {
        const RollupPlan plan(base, rollup);
        Seen::once(seen.tables, rollup.options.table(), "tables");
    }
}

void check_domain(const DomainModule& domain, Seen& seen) {
    if (domain.name.empty()) refuse("domain", "it has no name");
    Seen::once(seen.domains, domain.name, "domains");
    if (!domain.state.initial || !domain.state.encode || !domain.state.decode) {
        refuse(domain.name, "its state has no initial value, encode or decode");
    }
    std::set<std::string> messages;
    for (const auto& command : domain.commands) {
        Seen::once(messages, command->name, "commands or events");
        check_command(domain, *command, seen);
    }
    for (const auto& event : domain.events) {
        Seen::once(messages, event->name, "commands or events");
    }
    for (const auto& projection : domain.projections) check_projection(domain, *projection, seen);
    for (const NamedQuery& query : domain.queries) check_query(domain, query, seen);
}

}  // namespace

void check_annotations(const std::vector<std::unique_ptr<DomainModule>>& domains) {
    Seen seen;
    for (const auto& domain : domains) check_domain(*domain, seen);
}

}  // namespace foldstream::fold
