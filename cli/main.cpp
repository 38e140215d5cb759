// foldctl: the operator's tool.
#include <unistd.h>

#include <iostream>

#include "cli/application.hpp"

int main(int argc, char** argv) {
    std::ios::sync_with_stdio(false);
    return foldstream::cli::run(
        argc, argv,
        {std::cin, std::cout, std::cerr, isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1});
}
