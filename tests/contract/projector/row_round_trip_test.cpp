// load(store(row)) == row for every row message, with generated values.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/contract/projector/orders_database.hpp"

namespace foldstream::projector {
namespace {

using google::protobuf::FieldDescriptor;

// Values at the edges of what a proto field can hold; U+0000 is refused at the door.
class Values {
public:
    explicit Values(std::uint64_t seed) : random_(seed) {}

    void fill(fold::Message& message, int depth = 0) {
        const auto* reflection = message.GetReflection();
        for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
            const FieldDescriptor* field = message.GetDescriptor()->field(i);
            if (field->is_repeated()) {
                const auto count = depth > 2 ? 0 : random_.below(4);
                for (std::uint64_t k = 0; k < count; ++k) {
                    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
                        fill(*reflection->AddMessage(&message, field), depth + 1);
                    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
                        reflection->AddString(&message, field, text());
                    }
                }
            } else if (random_.below(5) != 0) {
                set(message, field, depth);
            }
        }
    }
    std::string text() {
        static const std::vector<std::string> nasty = {"",
                                                       " ",
                                                       "NULL",
                                                       "null",
                                                       "\"",
                                                       "\\",
                                                       "{",
                                                       "}",
                                                       ",",
                                                       "'",
                                                       "a\"b\\c{d},e",
                                                       "\n\r\t",
                                                       "\x01\x1f\x7f",
                                                       "\\x00",
                                                       "\\N",
                                                       "$1",
                                                       "%s",
                                                       "\xc3\xa4\xc3\xb6",
                                                       "\xf0\x9f\xa6\x89",
                                                       "\xef\xbb\xbf",
                                                       "\xe2\x80\xa8",
                                                       "e\xcc\x81",
                                                       "\xef\xbf\xbf",
                                                       "\xf4\x8f\xbf\xbf"};
        std::string text;
        for (auto left = random_.below(4); left > 0; --left)
            text += nasty[random_.below(nasty.size())];
        return text;
    }

private:
    std::int64_t integer(std::int64_t least, std::int64_t most) {
        switch (random_.below(5)) {
            case 0:
                return least;
            case 1:
                return most;
            case 2:
                return 0;
            case 3:
                return -1;
            default:
                return static_cast<std::int64_t>(random_.below(1'000'000));
        }
    }
    void set(fold::Message& message, const FieldDescriptor* field, int depth) {
        const auto* reflection = message.GetReflection();
        switch (field->cpp_type()) {
            case FieldDescriptor::CPPTYPE_STRING:
                reflection->SetString(&message, field, text());
                break;
            case FieldDescriptor::CPPTYPE_INT32:
                reflection->SetInt32(
                    &message, field,
                    static_cast<std::int32_t>(integer(std::numeric_limits<std::int32_t>::min(),
                                                      std::numeric_limits<std::int32_t>::max())));
                break;
            case FieldDescriptor::CPPTYPE_INT64:
                reflection->SetInt64(&message, field,
                                     integer(std::numeric_limits<std::int64_t>::min(),
                                             std::numeric_limits<std::int64_t>::max()));
                break;
            case FieldDescriptor::CPPTYPE_BOOL:
                reflection->SetBool(&message, field, random_.below(2) == 1);
                break;
            case FieldDescriptor::CPPTYPE_DOUBLE:
                reflection->SetDouble(&message, field, real());
                break;
            case FieldDescriptor::CPPTYPE_ENUM: {
                const auto count = static_cast<std::uint64_t>(field->enum_type()->value_count());
                reflection->SetEnum(
                    &message, field,
                    field->enum_type()->value(static_cast<int>(random_.below(count))));
                break;
            }
            case FieldDescriptor::CPPTYPE_MESSAGE:
                if (field->message_type()->full_name() == "google.protobuf.Timestamp") {
                    time(*reflection->MutableMessage(&message, field));
                } else {
                    fill(*reflection->MutableMessage(&message, field), depth + 1);
                }
                break;
            default:
                ADD_FAILURE() << "no values for " << field->full_name();
        }
    }
    double real() {
        static const std::vector<double> some = {0.0,
                                                 -0.0,
                                                 0.1,
                                                 1e300,
                                                 5e-324,
                                                 std::numeric_limits<double>::infinity(),
                                                 std::numeric_limits<double>::quiet_NaN(),
                                                 -std::numeric_limits<double>::infinity()};
        return some[random_.below(some.size())];
    }
    void time(fold::Message& timestamp) {
        static const std::vector<std::int64_t> seconds = {
            0, -1, 1'700'000'000, 253'402'300'799, -62'135'596'800, -30'000'000'000};
        const auto* reflection = timestamp.GetReflection();
        const auto* type = timestamp.GetDescriptor();
        reflection->SetInt64(&timestamp, type->FindFieldByName("seconds"),
                             seconds[random_.below(seconds.size())]);
        reflection->SetInt32(&timestamp, type->FindFieldByName("nanos"),
                             static_cast<std::int32_t>(random_.below(1'000'000'000)));
    }
    SeededRandom random_;
};

TEST(RowMessages, come_back_from_postgres_as_they_went_in) {
    foldstream::testing::OrdersDatabase db;
    postgres::Connection connection = db.database.connect();
    const Generation generation(1);
    std::size_t checked = 0;
    for (const auto& domain : domains::registry().domains()) {
        for (const auto& projection : domain->projections) {
            const fold::TablePlan plan(*projection);
            const std::size_t columns = plan.columns().size();
            constexpr std::size_t count = 2'000;
            std::vector<std::unique_ptr<fold::Message>> rows;
            std::vector<std::string> arrays(columns + 5, "{");
            std::string keys = "{";
            Values values(42);
            for (std::size_t i = 0; i < count; ++i) {
                auto& row = rows.emplace_back(projection->row_prototype->New());
                values.fill(*row);
                const std::string key = std::to_string(i) + values.text();
                row->GetReflection()->SetString(row.get(), plan.key().field, key);
                plan.canonicalise(*row);
                const std::string comma = i == 0 ? "" : ",";
                for (std::size_t c = 0; c < columns; ++c) {
                    arrays[c] += comma;
                    plan.append_array_element(c, *row, arrays[c]);
                }
                for (std::size_t c = columns; c < columns + 4; ++c) arrays[c] += comma + "1";
                arrays[columns + 4] += comma + "\"\\\\x00\"";
                keys += comma;
                fold::append_array_text(key, keys);
            }
            postgres::Params params;
            for (std::string& array : arrays) params.emplace_back(array + "}");
            EXPECT_EQ(connection.exec(plan.upsert(generation), params).affected(), count);
            EXPECT_EQ(connection.exec(plan.upsert(generation), params).affected(), count);

            const auto stored = connection.exec(plan.select_by_keys(generation), {keys + "}"});
            ASSERT_EQ(stored.rows(), count);
            const auto key_column = static_cast<std::size_t>(&plan.key() - plan.columns().data());
            for (std::size_t i = 0; i < count; ++i) {
                const auto which = static_cast<std::size_t>(std::stoul(stored.text(i, key_column)));
                const std::unique_ptr<fold::Message> back(projection->row_prototype->New());
                for (std::size_t c = 0; c < columns; ++c) {
                    ASSERT_TRUE(plan.load(c, *back, stored.get(i, c)))
                        << plan.columns()[c].name << " " << stored.text(i, c);
                }
                ASSERT_EQ(back->DebugString(), rows[which]->DebugString());
                ASSERT_EQ(plan.digest(*back, Version(1), db.generation.secret),
                          plan.digest(*rows[which], Version(1), db.generation.secret));
                ++checked;
            }
        }
    }
    EXPECT_GE(checked, 2'000U);
}

}  // namespace
}  // namespace foldstream::projector
