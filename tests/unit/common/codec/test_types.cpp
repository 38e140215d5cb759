#include "tests/unit/common/codec/test_types.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/timestamp.pb.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "foldstream/v1/options.pb.h"

namespace foldstream::codec::testing {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::DynamicMessageFactory;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorProto;
using google::protobuf::Message;

// "[optional|repeated|map KEY|oneof GROUP] TYPE NAME", and Constraints in text format. Numbers are
// given in order.
struct Field {
    const char* declaration;
    const char* check = nullptr;
};

const std::vector<Field> all = {
    {"int32 i32"},
    {"int64 i64"},
    {"uint32 u32"},
    {"uint64 u64"},
    {"sint32 s32"},
    {"fixed64 f64"},
    {"float real"},
    {"double wide"},
    {"bool flag"},
    {"string text"},
    {"bytes raw"},
    {".test.Colour colour"},
    {".test.HTTPVerb verb"},
    {".google.protobuf.Timestamp made_at"},
    {".test.All child"},
    {"optional int32 maybe_number"},
    {"optional string maybe_text"},
    {"repeated int64 many_numbers"},
    {"repeated string many_texts"},
    {"repeated .test.All many_children"},
    {"repeated .test.Colour many_colours"},
    {"repeated .google.protobuf.Timestamp many_times"},
    {"repeated bool many_flags"},
    {"repeated bytes many_raw"},
    {"repeated double many_wide"},
    {"map string int64 by_text"},
    {"map int32 .test.All by_number"},
    {"map bool .test.Colour by_flag"},
    {"oneof choice string choice_text"},
    {"oneof choice int64 choice_number"},
    {"oneof choice .test.All choice_child"},
    {"uint32 renamed"},
};

const std::vector<Field> checked = {
    {"string needed", "required: true max_length: 4"},
    {".test.Checked part", "required: true"},
    {"int64 count", "minimum: -5 maximum: 5"},
    {"uint64 size", "minimum: -1 maximum: 10"},
    {"double share", "minimum: 0 maximum: 1"},
    {"string currency", "format: FORMAT_CURRENCY"},
    {"string email", "format: FORMAT_EMAIL"},
    {"string id", "format: FORMAT_ID"},
    {"repeated string tags", "min_items: 1 max_items: 3 min_length: 2"},
    {"optional int32 maybe", "minimum: 1"},
    {"optional string maybe_id", "format: FORMAT_ID"},
    {"bytes raw", "max_length: 2"},
    {"map string int32 scores", "max_items: 2 maximum: 9"},
    {"repeated .test.Line lines"},
    {".test.Kind kind", "required: true"},
    {"repeated int32 list", "required: true"},
    {".google.protobuf.Timestamp at"},
};

const std::vector<Field> line = {
    {"int64 price_minor", "minimum: 1"},
    {"repeated .test.Line parts"},
    {"map string .test.Line named"},
};

const std::vector<Field> unbound = {
    {"string text"},
    {".test.Kind kind"},
    {"repeated .test.Free children"},
    {"map string string words"},
    {".google.protobuf.Timestamp at"},
    {"string shortest", "min_length: 1"},
};

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "%s\n", what.c_str());
    std::abort();
}

// Builds one message type. Made and dropped by pool().
class TypeMaker {
public:
    TypeMaker(FileDescriptorProto& file, const std::string& name)
        : type_(*file.add_message_type()) {
        type_.set_name(name);
    }

    void add(const Field& spec) {
        std::istringstream words(spec.declaration);
        std::string word;
        words >> word;
        FieldDescriptorProto& field = *type_.add_field();
        field.set_number(type_.field_size());
        field.set_label(FieldDescriptorProto::LABEL_OPTIONAL);
        std::string key;
        if (word == "repeated" || word == "map") {
            field.set_label(FieldDescriptorProto::LABEL_REPEATED);
        }
        if (word == "optional") field.set_proto3_optional(true);
        if (word == "map") words >> key;
        if (word == "oneof") {
            std::string group;
            words >> group;
            field.set_oneof_index(oneof(group));
        }
        if (field.proto3_optional() || field.has_oneof_index() ||
            field.label() == FieldDescriptorProto::LABEL_REPEATED) {
            words >> word;
        }
        std::string name;
        words >> name;
        field.set_name(name);
        if (key.empty()) {
            set_type(word, field);
        } else {
            map(key, word, field);
        }
        if (name == "renamed") field.set_json_name("@other");
        if (spec.check == nullptr) return;
        auto* check = field.mutable_options()->MutableExtension(v1::check);
        if (!google::protobuf::TextFormat::ParseFromString(spec.check, check)) fail(spec.check);
    }

    // Synthetic oneofs stand behind all others.
    void finish() {
        for (FieldDescriptorProto& field : *type_.mutable_field()) {
            if (field.proto3_optional()) field.set_oneof_index(oneof("_" + field.name()));
        }
    }

private:
    int oneof(const std::string& name) {
        for (int i = 0; i < type_.oneof_decl_size(); ++i) {
            if (type_.oneof_decl(i).name() == name) return i;
        }
        type_.add_oneof_decl()->set_name(name);
        return type_.oneof_decl_size() - 1;
    }

    // A name with a dot is an enum's or a message's: which, the pool finds out.
    static void set_type(const std::string& name, FieldDescriptorProto& field) {
        if (name.front() == '.') {
            field.set_type_name(name);
            return;
        }
        std::string constant = "TYPE_" + name;
        for (char& c : constant) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        FieldDescriptorProto::Type type{};
        if (!FieldDescriptorProto::Type_Parse(constant, &type)) fail(name);
        field.set_type(type);
    }

    void map(const std::string& key, const std::string& value, FieldDescriptorProto& field) {
        std::string name;
        bool start = true;
        for (const char c : field.name() + "_entry") {
            if (c != '_') name += start ? static_cast<char>(std::toupper(c)) : c;
            start = c == '_';
        }
        auto& entry = *type_.add_nested_type();
        entry.set_name(name);
        entry.mutable_options()->set_map_entry(true);
        for (const auto& [part, type] : {std::pair("key", key), std::pair("value", value)}) {
            FieldDescriptorProto& half = *entry.add_field();
            half.set_name(part);
            half.set_number(entry.field_size());
            half.set_label(FieldDescriptorProto::LABEL_OPTIONAL);
            set_type(type, half);
        }
        field.set_type_name(".test." + type_.name() + "." + name);
    }

    google::protobuf::DescriptorProto& type_;
};

void add_enum(FileDescriptorProto& file, const char* name,
              const std::vector<std::pair<const char*, int>>& values) {
    auto& type = *file.add_enum_type();
    type.set_name(name);
    for (const auto& [text, number] : values) {
        type.add_value()->set_name(text);
        type.mutable_value()->rbegin()->set_number(number);
    }
}

// Never destroyed: plans are kept by the descriptors' addresses.
DescriptorPool& pool() {
    static DescriptorPool* const made = [] {
        FileDescriptorProto file;
        file.set_name("test_types.proto");
        file.set_package("test");
        file.set_syntax("proto3");
        // Naming the generated files links them in.
        file.add_dependency(v1::Constraints::descriptor()->file()->name());
        file.add_dependency(google::protobuf::Timestamp::descriptor()->file()->name());
        add_enum(file, "Colour",
                 {{"COLOUR_UNSPECIFIED", 0}, {"COLOUR_RED", 1}, {"COLOUR_DARK_BLUE", 2}});
        add_enum(file, "HTTPVerb", {{"HTTP_VERB_NONE", 0}, {"GET", 1}, {"HTTP_VERB_POST", 5}});
        add_enum(file, "Kind", {{"KIND_UNSPECIFIED", 0}, {"KIND_SMALL", 1}});
        const std::pair<const char*, const std::vector<Field>*> types[] = {
            {"All", &all}, {"Checked", &checked}, {"Line", &line}, {"Free", &unbound}};
        for (const auto& [name, fields] : types) {
            TypeMaker type(file, name);
            for (const Field& field : *fields) type.add(field);
            type.finish();
        }
        auto* types_pool = new DescriptorPool(DescriptorPool::generated_pool());
        if (types_pool->BuildFile(file) == nullptr) fail("the test types do not build");
        return types_pool;
    }();
    return *made;
}

}  // namespace

std::unique_ptr<Message> make(std::string_view name) {
    static auto* const factory = new DynamicMessageFactory(&pool());
    const Descriptor* type = pool().FindMessageTypeByName("test." + std::string(name));
    if (type == nullptr) fail("no test type " + std::string(name));
    return std::unique_ptr<Message>(factory->GetPrototype(type)->New());
}

std::unique_ptr<Message> make(std::string_view name, std::string_view text) {
    auto message = make(name);
    if (!google::protobuf::TextFormat::ParseFromString(std::string(text), message.get())) {
        fail("no text format: " + std::string(text));
    }
    return message;
}

}  // namespace foldstream::codec::testing
