// Messages full of what breaks programs, the same ones for the same seed.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "common/core/random.hpp"

namespace foldstream::testing {

class Generator {
public:
    explicit Generator(std::uint64_t seed) : random_(seed) {}

    void fill(google::protobuf::Message& message, int depth = 0) {
        const auto* type = message.GetDescriptor();
        const auto* reflection = message.GetReflection();
        for (int i = 0; i < type->field_count(); ++i) {
            const auto* field = type->field(i);
            if (field->is_repeated()) {
                const std::uint64_t size = depth > max_depth_ ? 0 : random_.below(4);
                for (std::uint64_t n = 0; n < size; ++n) set(message, field, true, depth);
            } else if (random_.below(4) != 0 &&
                       (field->message_type() == nullptr || depth <= max_depth_)) {
                set(message, field, false, depth);
            }
        }
        if (random_.below(8) == 0) {
            reflection->MutableUnknownFields(&message)->AddVarint(19999, random_.below(100));
        }
    }

private:
    static constexpr int max_depth_ = 2;

    template <typename T, std::size_t N>
    const T& one_of(const std::array<T, N>& choices) {
        return choices[static_cast<std::size_t>(random_.below(N))];
    }

    std::string text() {
        using namespace std::string_literals;
        static const std::array<std::string, 16> texts = {
            ""s,         "plain"s,       "NULL"s,        "null"s,     "a\"b\\c"s,
            "{a,b}"s,    "tab\tline\n"s, "nul\0inside"s, "\xC3\xA9"s, "\xF0\x9F\xA6\x8A"s,
            "\xFF\xFE"s, "cut\xE2\x82"s, "\xC0\x80"s,    "'; DROP"s,  " blanks "s,
            "\x7F\x01"s};
        return one_of(texts);
    }

    std::string bytes() {
        std::string out(static_cast<std::size_t>(random_.below(20)), '\0');
        random_.fill(std::as_writable_bytes(std::span(out)));
        return out;
    }

    double floating() {
        using limits = std::numeric_limits<double>;
        static const std::array<double, 12> numbers = {0.0,
                                                       -0.0,
                                                       1.5,
                                                       -1.0 / 3,
                                                       1e300,
                                                       -1e-300,
                                                       0.1,
                                                       limits::quiet_NaN(),
                                                       -limits::quiet_NaN(),
                                                       limits::infinity(),
                                                       -limits::infinity(),
                                                       limits::denorm_min()};
        return one_of(numbers);
    }

    // float's range; what is too great for it is infinity already.
    float narrow() {
        const double number = floating();
        if (std::isfinite(number) && std::abs(number) > 1e30) return 3.25F;
        return static_cast<float>(number);
    }

    std::int64_t integer() {
        using limits = std::numeric_limits<std::int64_t>;
        static const std::array<std::int64_t, 8> numbers = {
            0, 1, -1, 4711, limits::min(), limits::max(), 1LL << 53, -(1LL << 31)};
        return one_of(numbers);
    }

    int enum_number(const google::protobuf::EnumDescriptor& type) {
        const auto count = static_cast<std::uint64_t>(type.value_count());
        const std::uint64_t choice = random_.below(count + 1);
        return choice == count ? 4242 : type.value(static_cast<int>(choice))->number();
    }

    void fill_time(google::protobuf::Message& time) {
        static const std::array<std::int64_t, 7> seconds = {
            0, 1769000000, -1, -62135596800, 253402300799, 253402300800, -62135596801};
        static const std::array<std::int32_t, 6> nanos = {0,           1,           999'999,
                                                          123'456'789, 999'999'999, 500'000'000};
        const auto* type = time.GetDescriptor();
        time.GetReflection()->SetInt64(&time, type->FindFieldByNumber(1), one_of(seconds));
        time.GetReflection()->SetInt32(&time, type->FindFieldByNumber(2), one_of(nanos));
    }

    void set(google::protobuf::Message& m, const google::protobuf::FieldDescriptor* f, bool add,
             int depth) {
        using google::protobuf::FieldDescriptor;
        const auto* r = m.GetReflection();
        switch (f->cpp_type()) {
            case FieldDescriptor::CPPTYPE_INT32: {
                const auto value = static_cast<std::int32_t>(integer());
                return add ? r->AddInt32(&m, f, value) : r->SetInt32(&m, f, value);
            }
            case FieldDescriptor::CPPTYPE_INT64:
                return add ? r->AddInt64(&m, f, integer()) : r->SetInt64(&m, f, integer());
            case FieldDescriptor::CPPTYPE_UINT32: {
                const auto value = static_cast<std::uint32_t>(integer());
                return add ? r->AddUInt32(&m, f, value) : r->SetUInt32(&m, f, value);
            }
            case FieldDescriptor::CPPTYPE_UINT64: {
                const auto value = static_cast<std::uint64_t>(integer());
                return add ? r->AddUInt64(&m, f, value) : r->SetUInt64(&m, f, value);
            }
            case FieldDescriptor::CPPTYPE_DOUBLE:
                return add ? r->AddDouble(&m, f, floating()) : r->SetDouble(&m, f, floating());
            case FieldDescriptor::CPPTYPE_FLOAT:
                return add ? r->AddFloat(&m, f, narrow()) : r->SetFloat(&m, f, narrow());
            case FieldDescriptor::CPPTYPE_BOOL: {
                const bool value = random_.below(2) == 1;
                return add ? r->AddBool(&m, f, value) : r->SetBool(&m, f, value);
            }
            case FieldDescriptor::CPPTYPE_ENUM: {
                const int value = enum_number(*f->enum_type());
                return add ? r->AddEnumValue(&m, f, value) : r->SetEnumValue(&m, f, value);
            }
            case FieldDescriptor::CPPTYPE_STRING: {
                std::string value = f->type() == FieldDescriptor::TYPE_BYTES ? bytes() : text();
                return add ? r->AddString(&m, f, std::move(value))
                           : r->SetString(&m, f, std::move(value));
            }
            case FieldDescriptor::CPPTYPE_MESSAGE: {
                auto* inner = add ? r->AddMessage(&m, f) : r->MutableMessage(&m, f);
                if (f->message_type()->full_name() == "google.protobuf.Timestamp") {
                    return fill_time(*inner);
                }
                return fill(*inner, depth + 1);
            }
        }
    }

    SeededRandom random_;
};

}  // namespace foldstream::testing
