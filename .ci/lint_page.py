"""Lint the script of the report page by eslint: its files are one function, and are read as one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import clustimage
from clustimage.report._page import page_script

ESLINT = "eslint@9.39.1"
CONFIG = Path(__file__).with_name("eslint.config.mjs")
ASSETS = Path(clustimage.__file__).parent / "report" / "assets" / "js"


def main() -> int:
    """Print what is wrong, by file and line; return the exit code."""
    npx = shutil.which("npx")
    if npx is None:
        print("The script of the report page was not linted: npm is not installed.")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(CONFIG, folder)
        shutil.copy(ASSETS / "widget.js", folder)
        script = page_script()
        (Path(folder) / "page.js").write_text(script, encoding="utf-8")
        command = [npx, "--yes", ESLINT, "--format", "json", "page.js", "widget.js"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    try:
        found = json.loads(done.stdout)
    except json.JSONDecodeError:
        said = done.stderr.strip().splitlines()
        if done.returncode == 2:  # of eslint itself
            print(*said, sep="\n")
            return 2
        print("The script of the report page was not linted: npm cannot fetch eslint.")
        print(*said[-1:], sep="\n")
        return 0
    n_wrong = 0
    for result in found:
        for message in result["messages"]:
            where = _where(Path(result["filePath"]).name, script, message["line"])
            print(f"{where}: {message['message']} ({message['ruleId']})")
            n_wrong += 1
    print(f"eslint: {n_wrong} problems." if n_wrong else "eslint: all of the page is in order.")
    return 1 if n_wrong else 0


def _where(name: str, script: str, line: int) -> str:
    """Return the file and the line of a line of the page."""
    if name != "page.js":
        return f"{name}:{line}"
    start = sum(len(one) for one in script.splitlines(keepends=True)[: line - 1])
    for path in sorted(ASSETS.glob("*.js")):
        text = path.read_text("utf-8")
        at = script.find(text)
        if 0 <= at <= start < at + len(text):
            return f"{path.name}:{script.count(chr(10), at, start) + 1}"
    return f"{name}:{line}"


if __name__ == "__main__":
    sys.exit(main())
