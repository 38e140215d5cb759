#include "common/fold/domain.hpp"

#include <utility>

#include "common/fold/annotations.hpp"

namespace foldstream::fold {

namespace {

// A domain has a dozen commands and events at most: comparing their names in a row is as fast as
// hashing one.
template <typename T>
const T* find_named(const std::vector<std::unique_ptr<T>>& all, std::string_view name) {
    for (const auto& one : all) {
        if (one->name == name) return one.get();
    }
    return nullptr;
}

}  // namespace

std::string_view CommandType::short_name() const {
    const std::string_view full = name;
    const std::size_t dot = full.rfind('.');
    return dot == std::string_view::npos ? full : full.substr(dot + 1);
}

const CommandType* DomainModule::find_command(std::string_view wanted) const {
    return find_named(commands, wanted);
}

const EventType* DomainModule::find_event(std::string_view wanted) const {
    return find_named(events, wanted);
}

const Projection* DomainModule::find_projection(std::string_view wanted) const {
    return find_named(projections, wanted);
}

Registry::Registry(std::vector<std::unique_ptr<DomainModule>> domains)
    : domains_(std::move(domains)) {
    check_annotations(domains_);
}

std::vector<std::string> Registry::names() const {
    std::vector<std::string> names;
    for (const auto& domain : domains_) names.push_back(domain->name);
    return names;
}

const DomainModule* Registry::find(std::string_view domain) const {
    return find_named(domains_, domain);
}

const Projection* Registry::find_projection(std::string_view name) const {
    for (const auto& domain : domains_) {
        if (const Projection* found = domain->find_projection(name)) return found;
    }
    return nullptr;
}

}  // namespace foldstream::fold
