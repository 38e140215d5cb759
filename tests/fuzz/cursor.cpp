// Cursors of lists: one that was made comes back as it was, whatever else is sent is refused by
// name, and what is accepted reaches the statement as a parameter only.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "domains/registry.hpp"
#include "query-service/list_plan.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace foldstream::fuzz {
namespace {

using query::Cursor;
using query::ListPage;
using query::ListPlan;
using query::Parameters;
using query::Violations;

const ListPlan& orders() {
    static const ListPlan plan(*domains::registry().find_projection("orders"));
    return plan;
}

// The list that is asked for: what its cursors are bound to.
Parameters asked_by(Input& input) {
    static constexpr const char* sorts[] = {"createdAt", "-createdAt", "updatedAt", "-totalMinor"};
    const std::uint8_t what = input.byte();
    Parameters asked;
    if ((what & 4U) != 0) asked.emplace_back("sort", sorts[what & 3U]);
    if ((what & 8U) != 0) asked.emplace_back("status", "paid");
    if ((what & 16U) != 0) asked.emplace_back("customerEmail", std::string(input.part()));
    if ((what & 32U) != 0) asked.emplace_back("minTotal", std::string(input.part()));
    return asked;
}

// As many parameters as placeholders, and no text of the input between them: two values give one
// statement.
void expect_statement(const ListPage& page) {
    const std::string& sql = page.rows.sql;
    expect(sql.size() < 4096, "a statement is bounded");
    for (std::size_t n = 1; n <= page.rows.params.size(); ++n) {
        expect(sql.find("$" + std::to_string(n) + "::") != std::string::npos,
               "every parameter has its place", sql);
    }
    const std::string next = "$" + std::to_string(page.rows.params.size() + 1) + "::";
    expect(sql.find(next) == std::string::npos, "every place has its parameter", sql);
    const bool plain = std::all_of(sql.begin(), sql.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view(" _\".,()$:<>=*").find(c) != std::string_view::npos;
    });
    expect(plain, "a statement is made of names and places alone", sql);
}

void expect_page(Parameters asked, const std::string& cursor) {
    asked.emplace_back("cursor", cursor);
    const auto page = orders().page(asked, {});
    if (page) return expect_statement(*page);
    for (const codec::Violation& violation : page.error()) {
        expect(violation.field == "cursor", "a refusal names the field", violation.field);
        expect(!violation.message.empty(), "a refusal says why");
    }
    expect(page.error().size() == 1, "a bad cursor is one violation");
}

void expect_text(const std::string& text, const std::string& context) {
    const std::optional<Cursor> cursor = query::decode_cursor(text, context);
    if (!cursor) return;
    expect(query::encode_cursor(*cursor, context) == text, "a cursor has one text", text);
}

void expect_cursor(const Cursor& cursor, const std::string& context, Input& input) {
    const std::string text = query::encode_cursor(cursor, context);
    const std::optional<Cursor> read = query::decode_cursor(text, context);
    if (text.size() > query::max_cursor_bytes) {
        expect(!read, "a cursor that is too long is none");
        return;
    }
    expect(read == cursor, "a cursor encoded and decoded is the same");
    expect(!query::decode_cursor(text, context + "x"), "a cursor of another list is none");
    std::string tampered = text;
    const std::size_t at = (input.byte() | std::size_t{input.byte()} << 8U) % text.size();
    tampered[at] = static_cast<char>(input.byte());
    if (tampered != text) {
        expect(!query::decode_cursor(tampered, context), "a cursor tampered with is none");
    }
    expect(!query::decode_cursor(text.substr(0, at), context), "a cursor cut is none");
}

}  // namespace
}  // namespace foldstream::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace foldstream::fuzz;
    Input input(data, size);
    const Parameters asked = asked_by(input);
    const auto page = orders().page(asked, {});
    if (!page) {
        expect(!page.error().empty(), "a refusal says why");
        for (const auto& violation : page.error()) {
            const auto named = [&](const auto& parameter) {
                return parameter.first == violation.field;
            };
            expect(std::any_of(asked.begin(), asked.end(), named), "a refusal names the field",
                   violation.field);
        }
        return 0;
    }
    expect_statement(*page);
    Cursor cursor;
    if (input.byte() % 2 == 0) cursor.value = std::string(input.part());
    cursor.key = std::string(input.part());
    expect_cursor(cursor, page->context, input);
    expect_page(asked, foldstream::query::encode_cursor(cursor, page->context));
    const std::string text(input.rest());
    expect_text(text, page->context);
    expect_page(asked, text);
    return 0;
}
