#include "domains/registry.hpp"

#include "domains/orders/module.hpp"

namespace foldstream::domains {

namespace {

fold::Registry make_registry() {
    std::vector<std::unique_ptr<fold::DomainModule>> domains;
    domains.push_back(orders::make_module());
    return fold::Registry(std::move(domains));
}

}  // namespace

const fold::Registry& registry() {
    static const fold::Registry all = make_registry();
    return all;
}

}  // namespace foldstream::domains
