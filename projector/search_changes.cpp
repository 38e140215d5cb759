#include "projector/search_changes.hpp"

#include <utility>

namespace foldstream::projector {

SearchChanges::SearchChanges(const SearchStatements& statements)
    : statements_(statements), written_(1 + (statements.plan_ ? statements.plan_->fields() : 0)) {}

void SearchChanges::changed(const std::string& key, const std::optional<std::string>& before,
                            const fold::Message& row) {
    if (!statements_.plan_ || before == statements_.text(row)) return;
    fold::append_array_text(key, written_.next(0));
    for (std::size_t i = 0; i < statements_.plan_->fields(); ++i)
        statements_.plan_->append_array_element(i, row, written_.next(1 + i));
}

void SearchChanges::gone(const std::string& key) {
    if (statements_.plan_) fold::append_array_text(key, erased_.next(0));
}

void SearchChanges::write(postgres::Transaction& transaction) && {
    if (!written_.empty()) transaction.post(statements_.upsert_, std::move(written_).params());
    if (!erased_.empty()) transaction.post(statements_.erase_, std::move(erased_).params());
}

}  // namespace foldstream::projector
