"""Measures muster beside named peers, by turns in one run: CPU seconds of a process and its peak memory.

Called by `tests/bench`, which says what is needed and lays out the trees.
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile

# Bytes on macOS, KiB everywhere else.
RSS_UNIT = 1 if sys.platform == "darwin" else 1024
MEMORY_AIM_MB = 100
# Of a fleet.
FILES_OF_ONE = 50
SHARED_OF_ONE = 40
POOL = 400
FLEET_MEMORY_AIM_MB = 150


class Bench:
    """The tools, and a folder for what they leave."""

    def __init__(self, given):
        self.rg, self.muster, self.scratch, self.runs = given.rg, given.muster, given.scratch, given.runs
        self.literals = os.path.join(self.scratch, "literals")

    def run(self, command, allowed=(0,), home=None, is_heard=False):
        """CPU seconds, peak MB and, where it is heard, the standard output of one run.

        The kernel counts the memory of this interpreter into a child's peak until the child calls exec, so some 10 MB
        are a floor under every peak that is shown.
        """
        kept = lambda name: not name.startswith(("XDG_", "MUSTER_", "GIT_"))
        environment = {name: value for name, value in os.environ.items() if kept(name)}
        environment.update(GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_SYSTEM=os.devnull)
        with tempfile.TemporaryFile(dir=self.scratch) as out, tempfile.TemporaryFile(dir=self.scratch) as err:
            with tempfile.TemporaryDirectory(dir=self.scratch) as new:
                environment["HOME"] = home or new
                child = subprocess.Popen(
                    command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err
                )
                _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode not in allowed:
                err.seek(0)
                sys.stderr.write(err.read().decode(errors="replace"))
                sys.exit(f"tests/bench: exit code {child.returncode}: {' '.join(command)}")
            out.seek(0)
            # Whatever is held here counts into the peak of the next one.
            said = out.read() if is_heard else b""
            return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * RSS_UNIT / 1e6, said

    def ripgrep(self, tree):
        # --no-ignore and --hidden: the trees are in no git work tree, where muster scans every file, so ripgrep has to
        # read every file too. --no-config: nobody's own defaults. One thread, since CPU seconds are compared.
        options = ["--no-config", "--no-ignore", "--hidden", "--no-messages", "-j1", "-c", "-F", "-f", self.literals]
        return self.run([self.rg, *options, tree], allowed=(0, 1), is_heard=True)

    def scan(self, target, *options, home=None):
        command = [self.muster, "scan", target, "--quiet", "--format", "json", "--output", os.devnull, *options]
        return self.run(command, home=home)

    def turns(self, one, other):
        """The medians of both by turns, after a run of each that warms the page cache."""
        one(), other()
        pairs = [(one(), other()) for _ in range(self.runs)]
        median = lambda side, of: statistics.median(pair[side][of] for pair in pairs)
        return (median(0, 0), median(0, 1)), (median(1, 0), median(1, 1))

    def git(self, at, *arguments):
        names = ["-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "gc.auto=0"]
        self.run(["git", "-C", at, *names, *arguments])


class Table:
    """Rows with the same columns, printed when all are there."""

    def __init__(self, *header):
        self.rows = [header]

    def add(self, *row):
        self.rows.append(tuple(str(cell) for cell in row))

    def print(self, title):
        print(f"\n{title}")
        widths = [max(len(row[column]) for row in self.rows) for column in range(len(self.rows[0]))]
        for row in self.rows:
            first, *rest = [cell.ljust(widths[0]) if at == 0 else cell.rjust(widths[at]) for at, cell in enumerate(row)]
            print("  ".join([first, *rest]).rstrip())
        sys.stdout.flush()


def judged(value, aim):
    return "met" if value <= aim else "MISSED"


def files_of(tree):
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(tree) for name in names)


def cold(bench, trees):
    """A scan that keeps nothing, beside ripgrep with the same literals."""
    table = Table("tree", "files", "MB", "hit", "rg s", "muster s", "ratio", "aim", "", "rg MB", "muster MB", "aim", "")
    for name, (aim, path) in trees.items():
        hit = len(bench.ripgrep(path)[2].splitlines())
        (rg, rg_mb), (muster, muster_mb) = bench.turns(
            lambda: bench.ripgrep(path), lambda: bench.scan(path, "--no-cache")
        )
        files = files_of(path)
        size = sum(os.lstat(file).st_size for file in files) / 1e6
        ratio = muster / max(rg, 1e-6)
        table.add(
            name, len(files), f"{size:.0f}", hit, f"{rg:.3f}", f"{muster:.3f}", f"{ratio:.2f}", aim, judged(ratio, aim),
            f"{rg_mb:.0f}", f"{muster_mb:.0f}", MEMORY_AIM_MB, judged(muster_mb, MEMORY_AIM_MB),
        )
    table.print("Cold, beside ripgrep")


def bare(bench, trees):
    """The commit of a bare repository, beside git that prints its objects."""
    table = Table("repository", "git s", "muster s", "ratio", "aim", "", "muster MB")
    for name, (_, path) in trees.items():
        repository = os.path.join(bench.scratch, f"{name}.git")
        bench.run(["git", "init", "-q", "--bare", "-b", "main", repository])
        bench.git(repository, f"--work-tree={path}", "add", "-A", "-f")
        bench.git(repository, f"--work-tree={path}", "commit", "-q", "-m", "all")
        bench.git(repository, "repack", "-q", "-a", "-d")
        batch = ["git", "-C", repository, "cat-file", "--batch-all-objects", "--batch"]
        (git, _), (muster, peak) = bench.turns(
            lambda: bench.run(batch), lambda: bench.scan(repository, "--no-cache")
        )
        ratio = muster / max(git, 1e-6)
        # Parsing is most of the other one, and no part of what git does.
        aim = 2 if name == "ordinary" else None
        table.add(
            name, f"{git:.3f}", f"{muster:.3f}", f"{ratio:.2f}", aim or "-", judged(ratio, aim) if aim else "",
            f"{peak:.0f}",
        )
        shutil.rmtree(repository)
    table.print("A bare repository, beside git cat-file --batch-all-objects --batch")


def again(bench, trees):
    """A second scan, of a tree in which nothing changed or one file in a hundred, beside ripgrep over all of it."""
    table = Table("tree", "changed", "rg s", "muster s", "ratio", "aim", "", "muster MB")
    for name, (_, path) in trees.items():
        with tempfile.TemporaryDirectory(dir=bench.scratch) as work:
            tree, home = os.path.join(work, "tree"), os.path.join(work, "home")
            shutil.copytree(path, tree, symlinks=True)
            os.mkdir(home)
            files = [file for file in files_of(tree) if file.endswith((".py", ".js", ".ts"))]
            chance = random.Random(11)

            def change():
                for file in chance.sample(files, max(1, len(files) // 100)):
                    with open(file, "a") as text:
                        text.write("\n# changed\n" if file.endswith(".py") else "\n// changed\n")
                # What was changed a moment ago is read once more the next time.
                subprocess.run(["sleep", "0.3"], check=True)

            def rescan(changing):
                if changing:
                    change()
                return bench.scan(tree, home=home)

            subprocess.run(["sleep", "0.3"], check=True)
            first = bench.scan(tree, home=home)
            rescan(False)
            for share, changing, aim in (("nothing", False, 0.25), ("1 %", True, 0.4)):
                (rg, _), (muster, peak) = bench.turns(lambda: bench.ripgrep(tree), lambda: rescan(changing))
                ratio = muster / max(rg, 1e-6)
                aimed = (aim, judged(ratio, aim)) if name == "ordinary" else ("-", "")
                table.add(name, share, f"{rg:.3f}", f"{muster:.3f}", f"{ratio:.2f}", *aimed, f"{peak:.0f}")
            table.add(name, "first scan", "", f"{first[0]:.3f}", "", "", "", f"{first[1]:.0f}")
    table.print("Once more, beside ripgrep over the tree")


def fleet(bench, trees, count):
    """Repositories that share four of five blobs, in one scan, beside one scan of each that keeps nothing."""
    pool = []
    for name, (_, path) in trees.items():
        fit = [file for file in files_of(path) if 200 < os.lstat(file).st_size < 40_000]
        pool += random.Random(name).sample(fit, POOL // len(trees))
    with tempfile.TemporaryDirectory(dir=bench.scratch) as work:
        chance = random.Random(5)
        folders = {}
        for size in (count // 10, count):
            folders[size] = os.path.join(work, f"fleet-{size}")
            os.mkdir(folders[size])
        for number in range(count):
            source = os.path.join(work, "source")
            chosen = chance.sample(pool, FILES_OF_ONE)
            for at, file in enumerate(chosen):
                folder = os.path.join(source, f"part{at % 7}")
                os.makedirs(folder, exist_ok=True)
                to = shutil.copyfile(file, os.path.join(folder, f"{at}_{os.path.basename(file)}"))
                if at >= SHARED_OF_ONE:
                    with open(to, "a") as text:
                        text.write(f"\n# of {number}\n")
            repository = os.path.join(folders[count], f"shop-{number}.git")
            bench.run(["git", "init", "-q", "--bare", "-b", "main", repository])
            bench.git(repository, f"--work-tree={source}", "add", "-A", "-f")
            bench.git(repository, f"--work-tree={source}", "commit", "-q", "-m", "all")
            shutil.rmtree(source)
            if number < count // 10:
                shutil.copytree(repository, os.path.join(folders[count // 10], f"shop-{number}.git"))
        alone = 0
        for number in range(count):
            alone += bench.scan(os.path.join(folders[count], f"shop-{number}.git"), "--no-cache")[0]
        few = bench.scan(f"repos:{folders[count // 10]}")
        home = os.path.join(work, "home")
        os.mkdir(home)
        many = bench.scan(f"repos:{folders[count]}", home=home)
        next_night = bench.scan(f"repos:{folders[count]}", home=home)
    table = Table("repositories", "CPU s", "times less", "aim", "", "MB", "aim", "")
    table.add(f"{count}, one by one", f"{alone:.1f}", "", "", "", "", "", "")
    less = alone / max(many[0], 1e-6)
    table.add(
        f"{count}, in one scan", f"{many[0]:.1f}", f"{less:.1f}", 4, "met" if less >= 4 else "MISSED",
        f"{many[1]:.0f}", FLEET_MEMORY_AIM_MB, judged(many[1], FLEET_MEMORY_AIM_MB),
    )
    table.add(f"{count // 10}, in one scan", f"{few[0]:.1f}", "", "", "", f"{few[1]:.0f}", "", "")
    table.add(
        f"{count}, the night after", f"{next_night[0]:.1f}", f"{alone / max(next_night[0], 1e-6):.1f}", "", "",
        f"{next_night[1]:.0f}", "", "",
    )
    table.print("Repositories that share four of five blobs")


def main():
    parser = argparse.ArgumentParser()
    for name in ("--rg", "--muster", "--scratch", "--ordinary", "--ai-heavy"):
        parser.add_argument(name, required=True)
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--fleet", type=int, required=True)
    parser.add_argument("--only", action="append", choices=("cold", "bare", "again", "fleet"))
    given = parser.parse_args()
    bench = Bench(given)
    trees = {"ordinary": (1.5, given.ordinary), "AI-heavy": (8, given.ai_heavy)}
    version = subprocess.run([bench.rg, "--version"], capture_output=True, text=True, check=True)
    with open(bench.literals, "rb") as lines:
        count = sum(1 for _ in lines)
    print(f"{version.stdout.splitlines()[0]}; {count} literals; medians of {bench.runs} runs by turns; s are seconds of CPU")
    wanted = given.only or ["cold", "bare", "again", "fleet"]
    if "cold" in wanted:
        cold(bench, trees)
    if "bare" in wanted:
        bare(bench, trees)
    if "again" in wanted:
        again(bench, trees)
    if "fleet" in wanted:
        fleet(bench, trees, given.fleet)


main()
