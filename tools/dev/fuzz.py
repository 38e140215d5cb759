"""libFuzzer's targets: runs one for some time, or folds what runs have found into its corpus.

run: FOLDSTREAM_FUZZ_SECONDS (60) of new inputs. What is new stays in BUILD/fuzz/TARGET, what
crashed in BUILD/fuzz/TARGET.crash-HASH: copy that into tests/fuzz/corpus/TARGET, under a name,
with the fix. keep: the smallest set of inputs, kept and new, that covers what all of them cover
becomes the corpus; inputs that people have given a name stay, whatever they cover.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

SECONDS = 60
INPUT_SECONDS = 10  # for one input; then it hangs
MEMORY_MIB = 2048
UNNAMED = re.compile(r"[0-9a-f]{12}")


class Target:
    def __init__(self, program: Path, corpus: Path) -> None:
        self.program, self.corpus = program, corpus
        self.name = corpus.name
        self.found = program.parents[2] / "fuzz" / self.name
        self.found.mkdir(parents=True, exist_ok=True)
        self.dictionary = corpus.parents[1] / f"{self.name}.dict"

    def command(self, *more: str | Path) -> list[str | Path]:
        limits = [f"-timeout={INPUT_SECONDS}", f"-rss_limit_mb={MEMORY_MIB}"]
        return [self.program, *limits, f"-artifact_prefix={self.found}.", *more]

    def run(self, max_bytes: int) -> int:
        seconds = int(os.environ.get("FOLDSTREAM_FUZZ_SECONDS", SECONDS))
        words = [f"-dict={self.dictionary}"] if self.dictionary.exists() else []
        options = [f"-max_total_time={seconds}", f"-max_len={max_bytes}", "-print_final_stats=1"]
        command = self.command(*options, *words, self.found, self.corpus)
        return subprocess.run(command, check=False).returncode

    def keep(self) -> int:
        merged = self.found.with_name(self.name + ".merged")
        shutil.rmtree(merged, ignore_errors=True)
        merged.mkdir()
        options = ("-set_cover_merge=1", "-use_counters=0")  # edges, not how often
        command = self.command(*options, merged, self.corpus, self.found)
        if code := subprocess.run(command, check=False).returncode:
            return code
        named = [file for file in self.corpus.iterdir() if not UNNAMED.fullmatch(file.name)]
        known = {file.read_bytes() for file in named}
        for file in set(self.corpus.iterdir()) - set(named):
            file.unlink()
        for file in merged.iterdir():
            if file.read_bytes() not in known:
                shutil.copy(file, self.corpus / file.name[:12])
        shutil.rmtree(merged)
        print(f"{self.name}: {len(list(self.corpus.iterdir()))} inputs are kept")
        return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=("run", "keep"))
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--max-bytes", type=int, default=4096)
    options = parser.parse_args()
    target = Target(options.program, options.corpus)
    return target.run(options.max_bytes) if options.action == "run" else target.keep()


if __name__ == "__main__":
    sys.exit(main())
