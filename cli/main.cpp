// foldctl: the operator's tool.
#include <iostream>

#include "cli/application.hpp"

int main(int argc, char** argv) {
    std::ios::sync_with_stdio(false);
    return foldstream::cli::run(argc, argv, {std::cin, std::cout, std::cerr});
}
