// What a projector serves whose read model has neither rollups nor a search table: the same rows of
// the same domain, and nothing beside them. Linked in place of domains/registry.cpp.
#include "domains/registry.hpp"

#include "domains/orders/module.hpp"

namespace foldstream::domains {

namespace {

fold::Registry make_registry() {
    auto orders = orders::make_module();
    for (const auto& projection : orders->projections) {
        projection->rollups.clear();
        projection->options.clear_search();
    }
    orders->queries.clear();  // they ask rollups
    std::vector<std::unique_ptr<fold::DomainModule>> domains;
    domains.push_back(std::move(orders));
    return fold::Registry(std::move(domains));
}

}  // namespace

const fold::Registry& registry() {
    static const fold::Registry all = make_registry();
    return all;
}

}  // namespace foldstream::domains
