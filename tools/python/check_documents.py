#!/usr/bin/env python3
"""Holds the documents against the rules that a reader relies on, and against the program.

    python3 tools/python/check_documents.py [--foresee build/release/foresee] [FILE.md...]

Without files it reads every Markdown file that git knows, but for those of recorded cases (tests/). It checks that

- no line is longer than 120 characters;
- no sentence has more than 30 words (outside code blocks and tables; code between backticks counts as one word);
- no article stands for "per" ("frames a second");
- every relative link leads to a file, and to a heading where it names one;
- every path of this repository that stands between backticks is there;
- every message that docs/troubleshooting.md answers is one of the sources' messages ("..." stands for what varies);
- every `foresee` command, flag and --set key in a code block or between backticks exists. This asks the program for its
  --help and its keys; without a program it is left out, and said. A line with "wrong on purpose" is not checked.

The exit code is 1 when something was found.
"""
import argparse
import concurrent.futures
import json
import pathlib
import re
import shlex
import subprocess
import sys

LONGEST_LINE = 120
LONGEST_SENTENCE = 30
FOREIGN_MESSAGES = {"The following argument was not expected"}  # of the library that reads the command line
GROUPS = {"data", "bench"}  # commands that have commands of their own
FOLDERS = ("foresee/", "jepa/", "data/", "planner/", "tools/", "tests/", "examples/", "docs/", ".ci/")
PLURAL = "frames|steps|clips|rows|pictures|files|lines|plans|episodes|actions|candidates|iterations|numbers|bytes|GB|MB"
ARTICLE = re.compile(rf"\b(?:{PLURAL}) an? (?:second|minute|hour|day|step|clip|batch|line|row|file|episode|frame|plan|"
                     r"iteration|epoch|candidate|core|model)\b")


class Document:
    """One Markdown file, taken apart once."""

    def __init__(self, path):
        self.path = path
        self.lines = path.read_text(encoding="utf-8").splitlines()
        self.code = []  # (number, line) of code blocks
        self.blocks = []  # (number of the first line, text) of paragraphs and list items
        self.headings = set()
        self._split()

    def _split(self):
        fence = formula = False
        front = bool(self.lines) and self.lines[0] == "---"  # metadata of a model card
        block, start = [], 0

        def close():
            if block:
                self.blocks.append((start, " ".join(block)))
            block.clear()

        for number, line in enumerate(self.lines, 1):
            text = line.strip()
            if front:
                front = not (number > 1 and text == "---")
                continue
            if text == "$$":
                close()
                formula = not formula
            elif formula:
                continue
            elif text.startswith("```"):
                close()
                fence = not fence
            elif fence or (line.startswith("    ") and not block and text):
                self.code.append((number, line))
            elif not text or text.startswith(("|", "<!--", "!")):
                close()
            elif heading := re.match(r"#+ +(.*)", text):
                close()
                self.headings.add(slug(heading[1]))
            else:
                if re.match(r"(?:[-*+]|\d+[.)]) ", text) or text.startswith(">"):
                    close()
                    text = re.sub(r"^(?:[-*+]|\d+[.)]|>) *", "", text)
                if not block:
                    start = number
                block.append(text)
        close()


def slug(heading):
    """The anchor that GitHub gives a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", text).strip().replace(" ", "-")


def sentences(text):
    """Sentences of a paragraph; code, formulas and addresses become one word each."""
    text = re.sub(r"`[^`]*`", "CODE", text)
    text = re.sub(r"\$[^$]+\$", "FORMULA", text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"<?https?://\S+", "ADDRESS", text)
    return re.split(r"(?<=[.!?])[\"')\]*_]* +(?=[\"'(\[*_]*[A-Z0-9])", text)


def words(sentence):
    return [word for word in sentence.split() if re.search(r"\w", word)]


def check_text(document, report):
    for number, line in enumerate(document.lines, 1):
        if len(line) > LONGEST_LINE:
            report(number, f"{len(line)} characters, at most {LONGEST_LINE} are allowed")
    for number, text in document.blocks:
        for sentence in sentences(text):
            if len(words(sentence)) > LONGEST_SENTENCE:
                report(number, f"a sentence of {len(words(sentence))} words, at most {LONGEST_SENTENCE} are allowed: "
                               f"'{' '.join(words(sentence)[:8])} ...'")
        if article := ARTICLE.search(re.sub(r"`[^`]*`", "CODE", text)):
            report(number, f"'{article[0]}': write 'per' instead of the article")


def check_links(document, report, documents):
    for number, line in enumerate(document.lines, 1):
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", line)):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            path = (document.path.parent / name).resolve() if name else document.path.resolve()
            if not path.exists():
                report(number, f"the link to {target} leads nowhere")
            elif anchor and path.suffix == ".md":
                other = documents.get(path) or documents.setdefault(path, Document(path))
                if anchor not in other.headings:
                    report(number, f"{path.name} has no heading #{anchor}")


def check_paths(document, report, root):
    for number, line in enumerate(document.lines, 1):
        for code in re.findall(r"`([^`\s]+)`", line):
            if not code.startswith(FOLDERS) or re.search(r"[{}<>]|\.\.\.|[A-Z]{3,}", code):
                continue
            if re.fullmatch(r"[\w./*-]+", code) and not list(root.glob(code.rstrip("/"))):
                report(number, f"there is no {code} here")


def messages(root):
    """All texts in the sources that a person may get to see; "{...}" becomes a line break."""
    texts = []
    for path in [*root.glob("tools/*.sh"), *root.glob("tools/cmake/*.cmake")]:
        texts.append(re.sub(r"\$\w+|\$\{[^}]*\}", "\n", path.read_text(encoding="utf-8")))
    for folder in ("foresee", "jepa", "data", "planner", "tools"):
        for path in [*root.glob(f"{folder}/**/*.cpp"), *root.glob(f"{folder}/**/*.h")]:
            source = path.read_text(encoding="utf-8")
            for literals in re.findall(r'(?:"(?:[^"\\\n]|\\.)*"\s*)+', source):
                text = "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', literals))
                texts.append(re.sub(r"(?<!\{)\{[^{}]*\}(?!\})", "\n", text.replace('\\"', '"')))
    return "\n".join(texts)


def check_answers(document, report, root):
    """Each list item of troubleshooting.md begins with the messages it answers."""
    corpus = messages(root)
    for number, text in document.blocks:
        answered = re.match(r"((?:`[^`]+`(?: \([\w ]+\))?(?:,? (?:and |with )?)?)+)[^`]*?:", text)
        for message in re.findall(r"`([^`]+)`", answered[1]) if answered else []:
            for fragment in re.split(r"\.\.\.|`", message):
                fragment = fragment.strip(" ,'")
                if fragment not in corpus and fragment not in FOREIGN_MESSAGES:
                    report(number, f"no source says '{fragment}'")


def joined_lines(code):
    """Lines of code blocks, those that end in a backslash joined with the next."""
    text, first = "", None
    for number, line in code:
        first = first or number
        if line.rstrip().endswith("\\"):
            text += line.rstrip()[:-1] + " "
            continue
        yield first, text + line
        text, first = "", None


def calls(document):
    """(line, arguments) of every `foresee` call in code blocks and between backticks."""
    candidates = list(joined_lines(document.code))
    for number, line in enumerate(document.lines, 1):
        candidates += [(number, code) for code in re.findall(r"`([^`]+)`", line)]
    for number, text in candidates:
        if "wrong on purpose" in text:
            continue
        for part in re.split(r"\s(?:\||&&|;)\s|; ", text):
            found = re.search(r"(?:^|[\s(\"'])(?:\S*/)?foresee +(.*)", part)
            if not found or re.match(r"(?:import|namespace)\b", part.strip()):
                continue
            try:
                arguments = shlex.split(found[1].replace("...", " "), comments=True)
            except ValueError:  # an apostrophe in prose
                arguments = found[1].split()
            if arguments and (arguments[0].startswith("-") or re.fullmatch(r"[a-z]+", arguments[0])):
                yield number, [argument for argument in arguments if not argument.isupper()]


class Program:
    """What the program says of itself."""

    def __init__(self, path):
        self.path = path
        self.commands = self._commands([])
        asked = [[name] for name in self.commands] + [[group, name] for group in GROUPS if group in self.commands
                                                      for name in self._commands([group])]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            texts = pool.map(lambda command: self._run([*command, "--help"]), asked)
            self.flags = {tuple(command): set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text))
                          for command, text in zip(asked, texts)}
        self.keys = {row["key"] for rows in json.loads(self._run(["config", "--json"])).values() for row in rows}

    def _run(self, arguments):
        return subprocess.run([self.path, *arguments], capture_output=True, text=True, check=False).stdout

    def _commands(self, group):
        listed = self._run([*group, "--help"]).partition("ubcommands:\n")[2]
        return re.findall(r"^  ([a-z][a-z-]*)(?= |$)", listed, re.MULTILINE)

    def problems(self, arguments):
        """What is wrong with a call, one text each."""
        if arguments[0].startswith("-"):
            return
        if arguments[0] not in self.commands:
            yield f"foresee has no command '{arguments[0]}'"
            return
        command = (arguments[0],)
        if arguments[0] in GROUPS and len(arguments) > 1 and not arguments[1].startswith("-"):
            command = (arguments[0], arguments[1])
            if command not in self.flags:
                yield f"foresee {arguments[0]} has no command '{arguments[1]}'"
                return
        known = self.flags[command] | self.flags[command[:1]]
        for position, argument in enumerate(arguments):
            if flag := re.match(r"--[a-z][a-z-]*", argument):
                if flag[0] not in known:
                    yield f"foresee {' '.join(command)} has no flag {flag[0]}"
                key = arguments[position + 1] if position + 1 < len(arguments) else ""
                if flag[0] == "--set" and "=" in key and key.split("=")[0] not in self.keys:
                    yield f"there is no key {key.split('=')[0]} (foresee config)"


def tracked(root):
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "*.md"], capture_output=True, text=True, check=False)
    names = listed.stdout.split("\0") if listed.returncode == 0 else [
        str(path.relative_to(root)) for path in [*root.glob("*.md"), *root.glob("docs/**/*.md")]]
    # Those of recorded cases come with the cases.
    return sorted({root / name for name in names if name and not name.startswith("tests/") and (root / name).exists()})


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foresee", type=pathlib.Path, default=root / "build/release/foresee", help="the program")
    parser.add_argument("files", nargs="*", type=pathlib.Path, help="documents (default: all that git knows)")
    options = parser.parse_args()
    program = Program(options.foresee.resolve()) if options.foresee.exists() else None
    if program is None:
        print(f"{options.foresee}: no program: commands and flags are not checked", file=sys.stderr)
    found = []
    documents = {}
    paths = [file.resolve() for file in options.files] or tracked(root)
    for path in paths:
        document = documents.setdefault(path, Document(path))
        name = path.relative_to(root) if path.is_relative_to(root) else path

        def report(number, text, name=name):
            found.append(f"{name}:{number}: {text}")

        check_text(document, report)
        check_links(document, report, documents)
        check_paths(document, report, root)
        if path.name == "troubleshooting.md":
            check_answers(document, report, root)
        if program:
            for number, arguments in calls(document):
                for problem in program.problems(arguments):
                    report(number, problem)
    print("\n".join(found) if found else f"{len(paths)} documents, nothing found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
