#include "bench/orders/report.hpp"

#include <iostream>

#include "common/runtime/json_text.hpp"

namespace foldstream::bench {

void say_done(std::int64_t count) { std::cout << "{\"done\":" << count << "}" << std::endl; }

void say(const Figures& figures) {
    std::string line;
    for (const auto& [name, figure] : figures) {
        line +=
            (line.empty() ? "{" : ",") + runtime::json_text(name) + ":" + std::to_string(figure);
    }
    std::cout << line << "}" << std::endl;
}

void say_text(const std::vector<std::pair<std::string, std::string>>& texts) {
    std::string line;
    for (const auto& [name, text] : texts) {
        line +=
            (line.empty() ? "{" : ",") + runtime::json_text(name) + ":" + runtime::json_text(text);
    }
    std::cout << line << "}" << std::endl;
}

}  // namespace foldstream::bench
