// Golden files that pin what a fold gives. Their first line is the fold's version: results may only
// change together with it, because rows and states of the old version are still out there.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace foldstream::testing {

inline std::string golden_text(const std::string& name, std::int32_t version,
                               const std::string& body) {
    return name + ": " + std::to_string(version) + "\n" + body;
}

// What is wrong with the golden file's text, or nothing. `may_write`: it would be all right to
// write the file anew.
struct GoldenVerdict {
    std::optional<std::string> complaint;
    bool may_write = false;
};

inline GoldenVerdict judge_golden(const std::optional<std::string>& file, const std::string& name,
                                  std::int32_t version, const std::string& body) {
    if (!file) return {"there is no golden file yet", true};
    if (*file == golden_text(name, version, body)) return {};
    const std::string header = golden_text(name, version, "");
    if (file->starts_with(header)) {
        return {"the results have changed: raise " + name + ", then write the golden file anew",
                false};
    }
    return {"the golden file is of another " + name + ": write it anew", true};
}

// Writes the file anew, where that is allowed, when FOLDSTREAM_UPDATE_GOLDEN is set.
inline void expect_golden(const std::filesystem::path& path, const std::string& name,
                          std::int32_t version, const std::string& body) {
    std::optional<std::string> file;
    if (std::ifstream in(path, std::ios::binary); in) {
        file.emplace(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    const GoldenVerdict verdict = judge_golden(file, name, version, body);
    if (!verdict.complaint) return;
    if (verdict.may_write && std::getenv("FOLDSTREAM_UPDATE_GOLDEN") != nullptr) {
        std::ofstream(path, std::ios::binary) << golden_text(name, version, body);
        return;
    }
    ADD_FAILURE() << path << ": " << *verdict.complaint
                  << " (FOLDSTREAM_UPDATE_GOLDEN=1 writes it)";
    EXPECT_EQ(golden_text(name, version, body), file.value_or(""));
}

}  // namespace foldstream::testing
