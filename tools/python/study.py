"""What the studies share: the program's answers, and results that are kept from run to run."""

import json
import subprocess


def call(program, arguments):
    """Runs the program and gives what it prints with --json."""
    command = [program, *map(str, arguments), "--json", "--quiet"]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def run(options, *arguments):
    """The same with the program and the threads of a study's options."""
    return call(options.foresee, [*arguments, "--threads", options.threads])


def settings(pairs):
    """The options that set "KEY=VALUE" after "KEY=VALUE"."""
    return [word for pair in pairs for word in ("--set", pair)]


def kept(path, make):
    """What lies in a file, or what `make` gives, then written there as a whole."""
    if not path.exists():
        result = make()
        part = path.with_suffix(".part")
        part.write_text(json.dumps(result, indent=1))
        part.rename(path)
    return json.loads(path.read_text())
