"""The house rules that a program can check. Run by ctest, one rule a test, and by `./dev tidy`.

tools/tidy.py [--build build/dev] [layers|words|sizes|names|headers|format|python|types ...]
"""

import argparse
import ast
import fnmatch
import hashlib
import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FUNCTION_LINES = 70
FILE_LINES = 600
TEST_NAME_WORDS = 2
CXX = (".hpp", ".cpp")
CODE = (*CXX, ".py", ".proto", ".sql", ".sh", ".cmake")
NOT_OURS = {".git", ".dev", "build", "node_modules", "results", "__pycache__"}
# Copied as they are: whoever measures against them must not change them.
AS_THEY_ARE = ("bench/limits",)
PYTHON_FOLDERS = ("bench", "clients", "tests", "tools")
JOBS = 2
Problems = list[str]


def files(root: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """Ours, relative to the root, in order."""
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        copied = any(within(relative.as_posix(), folder) for folder in AS_THEY_ARE)
        ours = not copied and not NOT_OURS & set(relative.parts)
        if path.suffix in suffixes and ours and path.is_file():
            yield relative


def within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


def rules(root: Path) -> dict:  # type: ignore[type-arg]
    return tomllib.loads((root / "tools" / "layers.toml").read_text())


# --- layers -----------------------------------------------------------------------------------

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def layer_of(path: str, table: dict[str, list[str]]) -> tuple[str, str] | None:
    """The key that counts for a file, and the folder that it stands for."""
    parts = path.split("/")[:-1]
    for depth in range(len(parts), 0, -1):
        folder = "/".join(parts[:depth])
        for key in table:
            if key.count("/") == depth - 1 and fnmatch.fnmatchcase(folder, key):
                return key, folder
    return None


def layers(root: Path, _: Path) -> Problems:
    table = rules(root)["layers"]
    generated = rules(root).get("generated", {}).get("by_cmake", [])
    problems = []
    for path in files(root, CXX):
        name = path.as_posix()
        layer = layer_of(name, table)
        if layer is None:
            problems.append(f"{name}: its folder has no line in tools/layers.toml")
            continue
        allowed = [layer[1], *table[layer[0]]]
        for include in INCLUDE.findall((root / path).read_text()):
            if include in generated:
                continue
            message = include.endswith(".pb.h")
            if not message and not (root / include).exists():
                problems.append(f"{name}: {include} is not a path from the repository's root")
            target = "proto" if message else include
            if not any(within(target, entry) for entry in allowed):
                problems.append(f"{name}: {layer[0]} may not include {include}")
    return problems


# --- words ------------------------------------------------------------------------------------


def words(root: Path, _: Path) -> Problems:
    problems = []
    table = [(rule, re.compile(rule["pattern"])) for rule in rules(root)["words"]]
    for path in files(root, (*CODE, ".md", ".txt", ".toml", ".yaml", ".json")):
        name = path.as_posix()
        if name == "tools/layers.toml" or within(name, "tests/tidy"):
            continue
        lines = (root / path).read_text().splitlines()
        for rule, pattern in table:
            if path.suffix in (".md", ".toml") and ("only" in rule or "except" in rule):
                continue  # prose may name what code may not use
            only, out = rule.get("only"), [*rule.get("except", []), "tools"]
            if only and not any(within(name, folder) for folder in only):
                continue
            if any(within(name, folder) for folder in out):
                continue
            for number, line in enumerate(lines, 1):
                if pattern.search(line):
                    problems.append(f"{name}:{number}: {line.strip()[:60]!r}: {rule['why']}")
    return problems


# --- sizes ------------------------------------------------------------------------------------

LITERALS = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL,
)
TEXT_LINE = "\v"
NOT_FUNCTIONS = re.compile(r"^\s*(namespace|class|struct|union|enum|extern)\b|=\s*$")


def blank(match: re.Match[str]) -> str:
    """Spaces; the lines of a raw string are told apart from lines of code."""
    text = re.sub(r"[^\n]", " ", match.group())
    return text.replace("\n", TEXT_LINE) if match.group().startswith("R") else text


def cxx_functions(text: str) -> Iterator[tuple[int, int]]:
    """First line and number of lines of each function: lambdas inside it included, raw strings
    not."""
    code = re.sub(r"^\s*#.*?(?<!\\)$", blank, LITERALS.sub(blank, text), flags=re.MULTILINE)
    depth, head_at, inside = 0, 0, 0
    for at, char in enumerate(code):
        if char == "{":
            head = code[head_at:at]
            cleaned = re.sub(r"^\s*template\s*<[^{}]*?>\s*(?=class|struct|\w)", "", head)
            if not inside and "(" in head and not NOT_FUNCTIONS.search(cleaned):
                inside = depth + 1
                start = head_at + len(head) - len(head.lstrip())
            depth += 1
        elif char == "}":
            if inside == depth:
                inside = 0
                first = 1 + code.count("\n", 0, start) + code.count(TEXT_LINE, 0, start)
                yield first, 1 + code.count("\n", start, at)
            depth -= 1
        if char in "{};" and not inside:
            head_at = at + 1


def python_functions(text: str) -> Iterator[tuple[int, int]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1


def nothing(_: str) -> Iterator[tuple[int, int]]:
    return iter(())


MEASURES = {".hpp": cxx_functions, ".cpp": cxx_functions, ".py": python_functions}


def sizes(root: Path, _: Path) -> Problems:
    problems = []
    for path in files(root, CODE):
        text = (root / path).read_text()
        count = text.count("\n")
        if count > FILE_LINES:
            problems.append(f"{path}: {count} lines, at most {FILE_LINES}")
        measure = MEASURES.get(path.suffix, nothing)
        for first, length in measure(text):
            if length > FUNCTION_LINES:
                limit = f"at most {FUNCTION_LINES}"
                problems.append(f"{path}:{first}: a function of {length} lines, {limit}")
    return problems


# --- names ------------------------------------------------------------------------------------

VAGUE = re.compile(r"(^|[_/.-])(utils?|helpers?|misc|managers?)([_/.-]|$)")
GTEST = re.compile(r"^(?:TYPED_)?TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)", re.MULTILINE)
PYTEST = re.compile(r"^def test_(\w+)\(", re.MULTILINE)


def names(root: Path, _: Path) -> Problems:
    problems = []
    for path in files(root, CODE):
        name = path.as_posix()
        if VAGUE.search(name):
            problems.append(f"{name}: a name that says nothing (utils, helpers, misc, manager)")
        if path.suffix in CXX and not re.fullmatch(r"[a-z0-9_]+", path.stem):
            problems.append(f"{name}: file names are snake_case")
        if not within(name, "tests"):
            continue
        text = (root / path).read_text()
        found = [test for _, test in GTEST.findall(text)] if path.suffix in CXX else []
        found += PYTEST.findall(text) if path.suffix == ".py" else []
        for test in found:
            if not re.fullmatch(r"[a-z0-9_]+", test) or len(test.split("_")) < TEST_NAME_WORDS:
                problems.append(f"{name}: {test}: a test's name is a sentence in snake_case")
    return problems


# --- headers ----------------------------------------------------------------------------------


def reachable(root: Path, header: str, seen: set[str]) -> set[str]:
    """The header and every file of ours that it includes."""
    if header in seen:
        return seen
    source = root / (f"proto/{header.removesuffix('.pb.h')}.proto" if ".pb.h" in header else header)
    seen.add(header)
    if source.suffix != ".proto" and source.exists():
        for include in INCLUDE.findall(source.read_text()):
            reachable(root, include, seen)
    return seen


def fingerprint(root: Path, header: str, flags: list[str]) -> str:
    digest = hashlib.sha256(" ".join(flags).encode())
    for name in sorted(reachable(root, header, set())):
        stem = name.removesuffix(".pb.h")
        source = root / (f"proto/{stem}.proto" if name.endswith(".pb.h") else name)
        if source.exists():
            digest.update(name.encode() + source.read_bytes())
    return digest.hexdigest()


def flags_for(header: str, commands: dict[str, list[str]]) -> list[str]:
    """Those of the source nearest to the header: in its folder, or the one above."""
    folder = Path(header).parent
    for near in (folder, *folder.parents):
        for source, flags in commands.items():
            if Path(source).parent == near or near in Path(source).parents:
                return flags
    return []


def compile_flags(root: Path, build: Path) -> dict[str, list[str]]:
    commands = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        parts = shlex.split(entry["command"])
        keep = [
            part
            for before, part in zip(["", *parts], parts, strict=False)
            if before == "-isystem" or part.startswith(("-I", "-D", "-std", "-W", "-isystem", "-O"))
        ]
        source = Path(entry["file"])
        if source.is_relative_to(root) and not source.is_relative_to(build):
            commands[source.relative_to(root).as_posix()] = keep
    return commands


def headers(root: Path, build: Path) -> Problems:
    commands = compile_flags(root, build)
    record = build / "tidy" / "headers.json"
    known = json.loads(record.read_text()) if record.exists() else {}
    fine: dict[str, str] = {}
    problems: Problems = []

    def check(header: str) -> None:
        flags = flags_for(header, commands)
        print_of = fingerprint(root, header, flags)
        if known.get(header) != print_of:
            run = subprocess.run(
                ["g++", *flags, "-fsyntax-only", "-x", "c++", "-"],
                input=f'#include "{header}"\n',
                text=True,
                capture_output=True,
                cwd=root,
                check=False,
            )
            if run.returncode:
                first = [line for line in run.stderr.splitlines() if "error" in line][:3]
                problems.append(f"{header} does not compile alone: " + " | ".join(first))
                return
        fine[header] = print_of

    with ThreadPoolExecutor(JOBS) as pool:
        list(pool.map(check, (path.as_posix() for path in files(root, (".hpp",)))))
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps(fine, indent=1))
    return sorted(problems)


# --- format -----------------------------------------------------------------------------------


def formatting(root: Path, _: Path) -> Problems:
    sources = [str(path) for path in files(root, CXX)]
    command = ["clang-format", "--dry-run", "--ferror-limit=1", *sources]
    run = subprocess.run(command, text=True, capture_output=True, cwd=root, check=False)
    warned = re.findall(r"^(\S+?):\d+:\d+: (?:warning|error):", run.stderr, re.MULTILINE)
    return [f"{path}: not formatted (./dev fmt)" for path in sorted(set(warned))]


# --- Python -----------------------------------------------------------------------------------


def tool(root: Path, *command: str | Path) -> Problems:
    """A tool of .dev/venv that names what it finds, a line each."""
    program = Path(sys.executable).with_name(str(command[0]))
    run = subprocess.run(
        [program, *command[1:]], text=True, capture_output=True, cwd=root, check=False
    )
    return (run.stdout + run.stderr).splitlines() if run.returncode else []


def python(root: Path, _: Path) -> Problems:
    check = ("check", "--config", "tools/ruff.toml", "--no-cache", "--output-format", "concise")
    style = ("format", "--config", "tools/ruff.toml", "--no-cache", "--check")
    return tool(root, "ruff", *check, *PYTHON_FOLDERS) + tool(root, "ruff", *style, *PYTHON_FOLDERS)


def types(root: Path, build: Path) -> Problems:
    sources = [path for path in files(root, (".py",)) if path.parts[0] in PYTHON_FOLDERS]
    cache = f"--cache-dir={build / 'tidy' / 'mypy'}"
    return tool(root, "mypy", "--config-file=tools/mypy.ini", cache, *sources)


RULES: dict[str, Callable[[Path, Path], Problems]] = {
    "layers": layers,
    "words": words,
    "sizes": sizes,
    "names": names,
    "headers": headers,
    "format": formatting,
    "python": python,
    "types": types,
}


def main() -> int:
    root = Path(__file__).resolve().parents[1]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=root / "build" / "dev")
    parser.add_argument("rules", nargs="*", default=list(RULES))
    options = parser.parse_args()
    problems: Problems = []
    for name in options.rules:
        if name not in RULES:
            parser.error(f"unknown rule {name}; there are {', '.join(RULES)}")
        problems += [f"{name}: {problem}" for problem in RULES[name](root, options.build)]
    print("\n".join(problems) or f"tidy: {', '.join(options.rules)}: fine")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
