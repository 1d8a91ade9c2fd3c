"""`make bench`: every benchmark, or those that are named, one after another.

Each runs in a process of its own, so that none pays for another's memory or imports.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
BENCHMARKS = {
    "wire": "1 GiB over fastboot TCP, against AOSP's client",
    "many": "one image to 1, 8 and 24 devices of a hub, against their own limit",
    "usb": "64 MiB over USB in a virtual machine, against AOSP's client",
    "throttle": "limits of one job and of eight that share a hub's, over windows of 10 s",
    "fanout": "from a hub's publish to 100 and 500 WebSocket clients",
    "broker": "what a message and an idle hub cost stock amqtt, ours and Mosquitto",
    "history": "a million ended jobs: storing, pages, statistics and words, against their bounds",
    "journal": "what a job and a safe point cost the hub's journal, in time and in fsyncs",
    "startup": "from `flashyard up` to ready, and memory at rest",
}
SIZED = {"wire": 15, "many": 3}  # those that take an image's MiB, and how often they repeat


def main() -> int:
    """Run them; return 1 if one failed."""
    parser = argparse.ArgumentParser(
        prog="tests/bench/run.py",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measure; nothing here passes or fails by its figures.",
        epilog="\n".join(f"{name:10} {about}" for name, about in BENCHMARKS.items()),
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which of these (all if none):")
    parser.add_argument("--pairs", type=int, help="repeat each only so often, for a quick look")
    parser.add_argument("--mib", type=int, help="the size of the images, for a quick look")
    parser.add_argument("--jobs", type=int, help="of the history, for a quick look")
    asked = parser.parse_args()
    unknown = [name for name in asked.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}")
    failed = []
    print(f"{platform.python_implementation()} {platform.python_version()}, {_machine()}")
    for name in asked.names or BENCHMARKS:
        print(f"\n== {name}: {BENCHMARKS[name]}", flush=True)
        # A benchmark borrows the tests' support: brokers, processes, a hub that talks.
        command = [sys.executable, "-m", f"bench.{name}", *_numbers(name, asked)]
        environment = {**os.environ, "PYTHONPATH": str(TESTS)}
        if subprocess.run(command, env=environment, check=False).returncode:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _numbers(name: str, asked: argparse.Namespace) -> list[str]:
    """What a benchmark is told: how often, and where it takes that how large an image.

    That of the history is told how long it is, and nothing else.
    """
    if name == "history":
        return [] if asked.jobs is None else ["--jobs", str(asked.jobs)]
    if name not in SIZED or asked.mib is None:
        return [] if asked.pairs is None else [str(asked.pairs)]
    return [str(asked.pairs or SIZED[name]), str(asked.mib)]


def _machine() -> str:
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} CPUs with a load of {load:.1f} by others, Linux {platform.release()}"


if __name__ == "__main__":
    sys.exit(main())
