"""tools/tidy.py finds what it is for: each rule is shown a tree that breaks it, and one that
does not."""

import json
import shutil
from pathlib import Path

import pytest

import tidy

LAYERS = Path(tidy.__file__).with_name("layers.toml")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tools").mkdir()
    shutil.copy(LAYERS, tmp_path / "tools")
    return tmp_path


def write(tree: Path, name: str, text: str = "") -> None:
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    (tree / name).write_text(text)


def problems(rule: str, tree: Path) -> list[str]:
    return tidy.RULES[rule](tree, tree / "build")


def include(*names: str) -> str:
    return "".join(f'#include "{name}"\n' for name in names)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("common/core/a.hpp", "common/codec/b.hpp"),
        ("common/kafka/a.cpp", "common/fold/b.hpp"),
        ("common/core/a.hpp", "foldstream/v1/log.pb.h"),
        ("domains/orders/a.cpp", "common/kafka/b.hpp"),
        ("domains/orders/a.cpp", "domains/users/b.hpp"),
        ("projector/a.cpp", "query-service/b.hpp"),
        ("projector/a.cpp", "domains/orders/b.hpp"),
        ("common/processing/a.cpp", "common/http/b.hpp"),
    ],
)
def test_an_include_against_the_layers_is_found(tree: Path, source: str, target: str) -> None:
    write(tree, target)
    write(tree, source, include(target))
    assert [p for p in problems("layers", tree) if source in p and target in p]


def test_includes_along_the_layers_are_fine(tree: Path) -> None:
    write(tree, "common/core/ids.hpp")
    write(tree, "common/fold/fold.hpp", include("common/core/ids.hpp", "foldstream/v1/log.pb.h"))
    write(tree, "domains/orders/decide.cpp", include("common/fold/fold.hpp"))
    write(tree, "domains/registry.hpp", include("common/fold/fold.hpp"))
    write(tree, "projector/main.cpp", include("domains/registry.hpp", "common/fold/fold.hpp"))
    assert problems("layers", tree) == []


def test_the_limits_are_left_as_they_are_and_nothing_else_of_bench(tree: Path) -> None:
    text = "int x() { return rd_kafka_poll(); }\n"
    write(tree, "bench/limits/bare.cpp", text)
    write(tree, "bench/orders/a.cpp", text)
    found = problems("words", tree)
    assert [p for p in found if "bench/orders/a.cpp" in p]
    assert [p for p in found if "bench/limits" in p] == []


def test_a_folder_without_a_layer_is_found(tree: Path) -> None:
    write(tree, "elsewhere/a.cpp")
    assert "no line in tools/layers.toml" in problems("layers", tree)[0]


def test_an_include_that_is_not_from_the_root_is_found(tree: Path) -> None:
    write(tree, "common/core/ids.hpp")
    write(tree, "common/core/ids.cpp", include("ids.hpp"))
    assert "not a path from the repository's root" in problems("layers", tree)[0]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("tests/unit/a.cpp", "std::this_thread::sleep_for(1s);"),
        ("tests/system/a.py", "time.sleep(1)"),
        ("tests/unit/a.cpp", "GTEST_SKIP();"),
        ("tests/system/a.py", "@pytest.mark.skip"),
        ("domains/orders/a.cpp", "auto t = std::chrono::system_clock::now();"),
        ("domains/orders/a.cpp", "#include <random>"),
        ("domains/orders/a.cpp", '#include "common/core/clock.hpp"'),
        ("common/store/a.cpp", "rd_kafka_poll(k, 0);"),
        ("projector/a.cpp", "pqxx::work work(c);"),
        ("query-service/a.cpp", "PQclear(result);"),
        ("docs/a.md", "see /wor" + "k/tree"),
        ("common/core/a.hpp", "// as iss" + "ue 12 says"),
    ],
)
def test_a_word_where_it_may_not_stand_is_found(tree: Path, name: str, line: str) -> None:
    write(tree, name, f"\n{line}\n")
    assert len(problems("words", tree)) == 1
    assert problems("words", tree)[0].startswith(f"{name}:2:")


def test_words_in_their_own_folder_are_fine(tree: Path) -> None:
    write(tree, "common/kafka/a.cpp", "rd_kafka_poll(k, 0);\n")
    write(tree, "common/postgres/a.cpp", "pqxx::work w; PQclear(r);\n")
    write(tree, "common/core/clock.hpp", "using C = std::chrono::steady_clock;\n")
    assert problems("words", tree) == []


BODY = "    x();\n"


@pytest.mark.parametrize(
    "head",
    [
        "void f() {\n",
        "template <typename T>\nint g(T t) const noexcept {\n",
        "Foo::Foo(int a) : a_(a) {\n",
        "namespace a {\nclass B {\n  void f() {\n",
        'TEST(Frame, keeps_its_id) {\n    call("}");\n',
        "auto f = [](int a) {\n",
    ],
)
def test_a_function_that_is_too_long_is_found(tree: Path, head: str) -> None:
    close = "}\n" * (head.count("{"))
    write(tree, "common/core/a.cpp", head + BODY * 70 + close)
    assert len(problems("sizes", tree)) == 1
    write(tree, "common/core/a.cpp", head + BODY * 50 + close)
    assert problems("sizes", tree) == []


def test_a_class_or_namespace_may_be_longer_than_a_function(tree: Path) -> None:
    functions = "void f() {\n    x('\"', 1'000);\n}\n" * 40
    write(tree, "common/core/a.cpp", "namespace a {\nclass B {\n" + functions + "};\n}\n")
    assert problems("sizes", tree) == []


def test_the_text_of_a_raw_string_is_not_code(tree: Path) -> None:
    text = 'auto text() {\n    return R"(' + "{ line\n" * 70 + ')";\n}\n'
    write(tree, "common/core/a.cpp", text)
    assert problems("sizes", tree) == []
    write(tree, "common/core/a.cpp", text + "void f() {\n" + BODY * 70 + "}\n")
    assert "a.cpp:74: a function of 72 lines" in problems("sizes", tree)[0]


def test_a_long_python_function_is_found(tree: Path) -> None:
    write(tree, "tools/a.py", "def f():\n" + "    x()\n" * 70)
    assert "a function of 71 lines" in problems("sizes", tree)[0]


def test_a_file_that_is_too_long_is_found(tree: Path) -> None:
    write(tree, "common/core/a.hpp", "int a;\n" * 601)
    assert "601 lines" in problems("sizes", tree)[0]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("common/core/string_utils.hpp", ""),
        ("common/helpers/a.hpp", ""),
        ("common/core/CamelCase.hpp", ""),
        ("tests/unit/a.cpp", "TEST(Frame, Works) {}\n"),
        ("tests/unit/a.cpp", "TEST_F(Frame, id) {}\n"),
        ("tests/system/test_a.py", "def test_it() -> None:\n"),
    ],
)
def test_a_name_that_says_nothing_is_found(tree: Path, name: str, text: str) -> None:
    write(tree, name, text)
    assert len(problems("names", tree)) == 1


def test_sentences_are_good_test_names(tree: Path) -> None:
    write(tree, "tests/unit/a.cpp", "TEST(Frame, keeps_its_id_when_read_again) {}\n")
    write(tree, "tests/system/test_a.py", "def test_a_frame_keeps_its_id() -> None:\n")
    assert problems("names", tree) == []


def compile_commands(tree: Path) -> None:
    command = f"g++ -I{tree} -std=c++20 -c common/core/a.cpp"
    entry = {"file": str(tree / "common/core/a.cpp"), "command": command, "directory": str(tree)}
    write(tree, "build/compile_commands.json", json.dumps([entry]))


def test_a_header_that_does_not_compile_alone_is_found(tree: Path) -> None:
    compile_commands(tree)
    write(tree, "common/core/a.hpp", "#pragma once\nstd::string name();\n")
    assert "common/core/a.hpp does not compile alone" in problems("headers", tree)[0]
    write(tree, "common/core/a.hpp", "#pragma once\n#include <string>\nstd::string name();\n")
    assert problems("headers", tree) == []


def test_a_header_is_compiled_again_when_what_it_includes_changes(tree: Path) -> None:
    compile_commands(tree)
    write(tree, "common/core/low.hpp", "#pragma once\nusing Id = int;\n")
    write(tree, "common/core/high.hpp", include("common/core/low.hpp") + "Id f();\n")
    assert problems("headers", tree) == []
    write(tree, "common/core/low.hpp", "#pragma once\nusing Other = int;\n")
    assert "common/core/high.hpp" in problems("headers", tree)[0]


def test_a_source_that_is_not_formatted_is_found(tree: Path) -> None:
    shutil.copy(LAYERS.parents[1] / ".clang-format", tree)
    write(tree, "common/core/a.cpp", "int   f( ) { return 1 ;}\n")
    assert problems("format", tree) == ["common/core/a.cpp: not formatted (./dev fmt)"]
    write(tree, "common/core/a.cpp", "int f() { return 1; }\n")
    assert problems("format", tree) == []


def test_what_builds_and_benchmarks_leave_behind_is_not_looked_at(tmp_path: Path) -> None:
    for name in ("bench/results/queries.json", "build/dev/made.json", "tools/kept.json"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("{}")
    assert list(tidy.files(tmp_path, (".json",))) == [Path("tools/kept.json")]
