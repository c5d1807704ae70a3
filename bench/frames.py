"""Parser, estimates and state document, by Google Benchmark; what they allocate is counted. The best of ten: others on the
machine only ever make it slower."""

import json
import subprocess

from peers import ROOT


def measure(table):
    done = subprocess.run([ROOT / "build-bench/bench/frame_bench", "--benchmark_format=json", "--benchmark_min_time=0.2",
                           "--benchmark_repetitions=10"], capture_output=True, text=True, check=True)
    results = {}
    for entry in json.loads(done.stdout)["benchmarks"]:
        best = results.setdefault(entry["run_name"], entry)
        if entry["run_type"] == "iteration" and entry["real_time"] < best["real_time"]:
            results[entry["run_name"]] = entry
    table.row("parser, a frame", results["ParseReply"]["real_time"], "ns", 150)
    table.row("allocations in it", results["ParseReply"]["allocations"], "", 0)
    table.row("state document", results["StateDocument"]["real_time"], "ns", 2000)
    table.row("allocations in it", results["StateDocument"]["allocations"], "", 0)
    table.row("charge and runtime, a reading", results["Estimate"]["real_time"], "ns", 2000)
    table.row("allocations in it", results["Estimate"]["allocations"], "", 0)
