"""What was measured: a line each, printed as it comes. At the end build-bench/bench.json, and bench.md, which bench/RESULTS.md
quotes."""

import json

from peers import ROOT


class Table:
    def __init__(self):
        self.rows = []
        self.section = ""

    def begin(self, section):
        self.section = section
        print(f"\n{section}\n", flush=True)
        print(f"{'':<64}{'figure':>12}{'':6}{'to ours':>9}  goal")

    def row(self, what, figure, unit, goal=None, to=None):
        """`figure`, of which `goal` is the most it should be, and how often `to` goes into it."""
        ratio = figure / to if to else None
        self.rows.append({"section": self.section, "what": what, "figure": round(figure, 4), "unit": unit, "goal": goal,
                          "ratio": ratio and round(ratio, 3)})
        said = "" if goal is None else f"  <= {goal:g}" + ("" if figure <= goal else "  MISSED")
        print(f"{what:<64}{shown(figure):>12} {unit:<5}{'' if ratio is None else f'{ratio:.2f}':>9}{said}", flush=True)

    def note(self, text):
        self.rows.append({"section": self.section, "note": text})
        print(text, flush=True)

    def end(self):
        missed = [row["what"] for row in self.rows if row.get("goal") is not None and row["figure"] > row["goal"]]
        goals = sum(row.get("goal") is not None for row in self.rows)
        print(f"\n{goals - len(missed)} of {goals} goals met" + "".join(f"\nmissed: {what}" for what in missed))
        (ROOT / "build-bench" / "bench.json").write_text(json.dumps(self.rows, indent=2) + "\n")
        (ROOT / "build-bench" / "bench.md").write_text(markdown(self.rows))


def shown(figure):
    return f"{figure:,.0f}" if figure >= 1000 else f"{figure:.2f}"


def markdown(rows):
    text, section = "| What | Figure | To ours | Goal |\n|---|---|---|---|\n", None
    for row in rows:
        if row["section"] != section:
            section = row["section"]
            text += f"| **{section}** | | | |\n"
        if "note" in row:
            text += f"| {row['note']} | | | |\n"
            continue
        figure = f"{shown(row['figure'])} {row['unit']}".strip()
        ratio, goal = ("" if row[key] is None else f"{row[key]:{form}}" for key, form in (("ratio", ".2f"), ("goal", "g")))
        text += f"| {row['what'].strip()} | {figure} | {ratio} | {goal} |\n"
    return text
