"""Adds up GoogleTest's JSON results: every failed and skipped case by name, then `N passed, N failed, N skipped`.

count_tests.py RESULTS_DIR BUILD_DIR CTEST_STATUS      exit 1 when a case failed or an executable did not finish
"""
import json
import pathlib
import re
import subprocess
import sys


def main(results, build, ctest_status):
    passed = failed = skipped = 0
    for path in sorted(pathlib.Path(results).glob("*.json")):
        for suite in json.loads(path.read_text())["testsuites"]:
            for case in suite["testsuite"]:
                name = f'{path.stem}: {suite["name"]}.{case["name"]}'
                if case.get("failures"):
                    failed += 1
                    print(f"FAILED {name}")
                elif case["result"] == "SKIPPED":
                    skipped += 1
                    reason = "; ".join(s["message"].splitlines()[-1] for s in case.get("skipped", [])) or "no reason given"
                    print(f"skipped {name}: {reason}")
                elif case["result"] == "COMPLETED":
                    passed += 1
    listed = subprocess.run(["ctest", "-N"], cwd=build, capture_output=True, text=True, check=True).stdout
    executables = re.findall(r"^\s*Test\s+#\d+: (\S+)", listed, re.MULTILINE)
    for name in executables:  # a crash leaves no result file
        if not (pathlib.Path(results) / f"{name}.json").exists():
            failed += 1
            print(f"FAILED {name}: did not finish")
    if ctest_status and not failed:
        failed = 1
        print("FAILED: ctest reports a failure that no result file explains")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
