"""A folder with a user's own files in it, and runs of the program inside. Standard library only."""
import hashlib
import os
import resource
import signal
import subprocess
import tempfile
import time
from pathlib import Path

PRECIOUS = {"thesis.txt": b"four years\n" * 100, "photos/one.jpg": bytes(range(256)) * 40, "photos/two.jpg": b"\xff\xd8" * 99}


def digest(path: Path) -> str:
    """Hash of a file, or of a folder's visible files with their names."""
    total = hashlib.sha256()
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    for file in files:
        name = "" if file == path else str(file.relative_to(path))
        if any(part.startswith(".") for part in Path(name).parts):
            continue  # locks, markers, what a killed process left
        total.update(name.encode() + b"\0" + file.read_bytes())
    return total.hexdigest()


class Outcome:
    def __init__(self, code: int, out: bytes, err: bytes):
        self.code, self.out, self.err = code, out, err.decode(errors="replace")

    @property
    def crashed(self) -> bool:
        """Ended by a signal that nobody sent, or by a mistake of its own."""
        return self.code == 2 or self.code in (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGFPE, -signal.SIGILL)


class Sandbox:
    """Runs the program in a temporary folder and counts what became of the files that are not its own."""

    def __init__(self, program: Path, inject: Path | None):
        self.program, self.inject = program.resolve(), inject
        self._folder = tempfile.TemporaryDirectory(prefix="foresee-faults-")
        self.path = Path(self._folder.name)
        for name, content in PRECIOUS.items():
            (self.path / name).parent.mkdir(exist_ok=True)
            (self.path / name).write_bytes(content)

    def bytes_lost(self) -> int:
        """Bytes of the user's own files that are gone or changed."""
        lost = 0
        for name, content in PRECIOUS.items():
            file = self.path / name
            if not file.is_file() or file.read_bytes() != content:
                lost += len(content)
        return lost

    def start(self, words, fault: str | None = None, file_limit: int | None = None, closed=()) -> subprocess.Popen:
        environment = dict(os.environ, OMP_NUM_THREADS="1")
        if fault is not None:
            environment.update(LD_PRELOAD=str(self.inject), FORESEE_FAULT=fault)

        def before():
            if file_limit is not None:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))
            for descriptor in closed:
                os.close(descriptor)

        return subprocess.Popen([str(self.program), *map(str, words)], cwd=self.path, env=environment, preexec_fn=before,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, words, seconds: float = 300, **how) -> Outcome:
        process = self.start(words, **how)
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return Outcome(2, b"", f"no end within {seconds} s")
        return Outcome(process.returncode, out, err)

    def run_and_kill(self, words, after_s: float) -> Outcome:
        """Kills the program after a while, if it still runs."""
        process = self.start(words)
        try:
            process.wait(timeout=after_s)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        out, err = process.communicate()
        return Outcome(process.returncode, out, err)

    def close(self):
        self._folder.cleanup()


class Clock:
    """Says whether there is time left."""

    def __init__(self, seconds: float):
        self._end = time.monotonic() + seconds

    def left(self) -> bool:
        return time.monotonic() < self._end
