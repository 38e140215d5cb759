// What a batch changes in the search table of its projection: only rows whose text is another.
#pragma once

#include <optional>
#include <string>

#include "common/fold/search_plan.hpp"
#include "common/postgres/connection.hpp"
#include "projector/array_params.hpp"

namespace foldstream::projector {

// The statements, ready. Shared by all threads.
class SearchStatements {
public:
    SearchStatements(const fold::TablePlan& base, Generation generation)
        : plan_(fold::SearchPlan::of(base)) {
        if (!plan_) return;
        upsert_ = plan_->upsert(generation);
        erase_ = plan_->erase(generation);
    }

    // What is searched of the row; empty where nothing is.
    [[nodiscard]] std::string text(const fold::Message& row) const {
        return plan_ ? plan_->text(row) : std::string();
    }

private:
    friend class SearchChanges;
    std::optional<fold::SearchPlan> plan_;  // nothing: the read model is not searched
    std::string upsert_;
    std::string erase_;
};

// Of one batch, on one thread, in key order.
class SearchChanges {
public:
    explicit SearchChanges(const SearchStatements& statements);

    // `before`: text() of the row as it was; nothing: it was not there. `row`: as it is now.
    void changed(const std::string& key, const std::optional<std::string>& before,
                 const fold::Message& row);
    // The row was there and is gone.
    void gone(const std::string& key);
    // Inside the batch's transaction, behind its rows.
    void write(postgres::Transaction& transaction) &&;

private:
    const SearchStatements& statements_;
    ArrayParams written_;
    ArrayParams erased_{1};
};

}  // namespace foldstream::projector
