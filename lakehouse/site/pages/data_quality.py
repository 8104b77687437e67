"""Data quality: what became of the records, which rules they violate, how fresh they are."""

from __future__ import annotations

import altair as alt
import polars as pl

from lakehouse.site import fmt, gold, vega
from lakehouse.site.elements import Chart, Filter, Page, Table, Tile

RESULTS, QUARANTINE, RECONCILIATION, FILES = "data_quality_results", "quarantine", "reconciliation", "source_files"
STATES = ["accepted", "held", "refused", "rejected", "unconfigured"]
OUTCOMES = ["kept", "repaired", "duplicates", "quarantined", "refused"]
EXAMPLES = 50


def page(read: gold.Read) -> Page:
    """Every record is accounted for; this page shows how."""
    results, quarantine, files = read(RESULTS), read(QUARANTINE), read(FILES)
    versions = read(RECONCILIATION).sort("committed_at", "model", "_file_version", descending=[True, False, True])

    runs = (
        results.group_by("run_id", "_run_started_at", "model", "action")
        .agg(pl.col("passed", "failed").sum())
        .with_columns((pl.col("passed") / (pl.col("passed") + pl.col("failed"))).alias("pass_rate"))
        .drop("run_id")
    )
    latest = results.filter(pl.col("_run_started_at") == pl.col("_run_started_at").max().over("model"))
    rules = latest.with_columns(
        (pl.col("passed") / (pl.col("passed") + pl.col("failed"))).alias("pass_rate"),
        pl.format("{} ({})", "rule", pl.col("model").str.replace("^(silver|bronze)_", "")).alias("rule_of_model"),
    )
    reasons = quarantine.group_by("model", "rules").agg(pl.len().alias("records"), pl.col("since").min())
    outcomes = versions.unpivot(
        OUTCOMES,
        index=["model", "committed_at", "_file_version", "records_in"],
        variable_name="outcome",
        value_name="records",
    ).filter((pl.col("records") > 0) & (pl.col("outcome") != "kept"))
    left_out = files.filter(pl.col("state") != "accepted").sort("committed_at", descending=True)
    decided = files.filter(pl.col("decided_by").is_not_null()).sort("committed_at", descending=True)
    newest = files.filter(pl.col("is_current")).sort("committed_at", "_file_path", descending=[True, False])

    of_commit = files["_commit_sha"].is_not_null()
    committed = "Committed at the source" if of_commit.all() else "File changed"
    if of_commit.any() and not of_commit.all():
        committed = "Committed, or local copy changed"
    times = "The time is that of the commit at the source, or for a local copy that of the file's last change."

    models = sorted(set(versions["model"]))
    model = Filter("model", "Table", models, every="All tables")
    actions = ["warn", "drop", "fail"]
    rate = vega.keep(
        vega.chart("runs").transform_calculate(about="replace(datum.model, 'bronze_', 'silver_')"), model, "about"
    )
    broken = vega.keep(
        vega.chart("rules").transform_calculate(about="replace(datum.model, 'bronze_', 'silver_')"), model, "about"
    )
    records, kept = gold.total(versions["records_in"]), gold.total(versions["kept"])
    accounted = versions.select(pl.sum_horizontal(pl.col(OUTCOMES).sum())).item() if versions.height else 0
    failed = gold.total(results["failed"])
    checks = gold.total(results["passed"]) + failed
    # Never rounded up to everything.
    everything = "100%" if accounted == records else f"all but {fmt.count(records - accounted)}"
    return Page(
        name="data-quality",
        title="Data quality",
        short="Data quality",
        question="Can the data be trusted?",
        lead="Every record of every version of every file is kept, merged as a duplicate, repaired into another, put "
        "into quarantine, or refused with its whole file. Nothing vanishes.",
        raw_tables=sorted(set(newest["raw_table"])),
        sketch=(
            versions.group_by("model").agg(pl.col("records_in").sum()).sort("records_in", "model").tail(5),
            vega.sketch_bars("data-quality", "model", "records_in"),
        ),
        models=[RESULTS, QUARANTINE, RECONCILIATION, FILES],
        tiles=[
            Tile(
                "Records read",
                records,
                fmt.count(records),
                RECONCILIATION,
                f"in {versions.height} versions of files",
            ),
            Tile("Accounted for", accounted, everything, RECONCILIATION),
            Tile(
                "In quarantine",
                quarantine.height,
                fmt.count(quarantine.height),
                QUARANTINE,
                "of the current versions",
            ),
            Tile("Versions left out", left_out.height, fmt.count(left_out.height), FILES, "held, refused or rejected"),
        ],
        findings=[
            f"{fmt.count(kept)} of {fmt.count(records)} records were kept as they are.",
            f"{fmt.count(checks)} checks of a record against a rule; {fmt.count(failed)} failed." if checks else "",
        ],
        filters=[model],
        charts=[
            Chart(
                "pass-rates",
                "Do the records pass the rules?",
                "Share of the checks that passed, run by run. A run judges the versions that came since.",
                RESULTS,
                "runs",
                rate.mark_line(point=alt.OverlayMarkDef(size=60))
                .encode(
                    x=alt.X("_run_started_at:T", axis=vega.axis("Run", kind="%-d %b %Y, %H:%M")),
                    y=alt.Y(
                        "pass_rate:Q",
                        axis=vega.axis("Share passed", kind=".2%"),
                        scale=alt.Scale(zero=False, domainMax=1),
                    ),
                    color=alt.Color("model:N", title="Model", legend=None),
                    detail="action:N",
                    tooltip=[
                        vega.day("_run_started_at", "Run", kind="%-d %B %Y, %H:%M"),
                        vega.text("model", "Model"),
                        vega.text("action", "Action of the rules"),
                        vega.number("passed", "Passed"),
                        vega.number("failed", "Failed"),
                        vega.number("pass_rate", "Share passed", kind=".3%"),
                    ],
                )
                .properties(height=300),
            ),
            Chart(
                "reconciliation",
                "How many records does each version bring?",
                f"Every version of a file with what became of its records. {times}",
                RECONCILIATION,
                "versions",
                vega.keep(vega.chart("versions"), model, "model")
                .mark_line(point=alt.OverlayMarkDef(size=50))
                .encode(
                    x=alt.X("committed_at:T", axis=alt.Axis(title=committed)),
                    y=alt.Y("records_in:Q", axis=vega.axis("Records")),
                    detail="model:N",
                    tooltip=[
                        vega.text("model", "Table"),
                        vega.day("committed_at", committed, kind="%-d %B %Y, %H:%M"),
                        vega.number("records_in", "Records"),
                        *(vega.number(outcome, outcome.title()) for outcome in OUTCOMES),
                    ],
                )
                .properties(height=300),
            ),
            Chart(
                "rules",
                "Which rules are violated?",
                "Records that failed in the latest run: warn keeps them, drop quarantines them, fail refuses the file.",
                RESULTS,
                "rules",
                vega.ranked(
                    broken.transform_filter("datum.failed > 0"),
                    "rule_of_model",
                    "failed",
                    "Records",
                    [
                        vega.text("rule", "Rule"),
                        vega.text("model", "Model"),
                        vega.text("action", "Action"),
                        vega.number("failed", "Failed"),
                        vega.number("passed", "Passed"),
                        vega.number("pass_rate", "Share passed", kind=".2%"),
                    ],
                    most=15,
                    color=vega.by("action", actions, title="Action"),
                ),
                wide=True,
            ),
            Chart(
                "outcomes",
                "What became of the records that were not kept as they are?",
                "Records of all versions of the files, by what became of them.",
                RECONCILIATION,
                "outcomes",
                vega.keep(vega.chart("outcomes"), model, "model")
                .mark_bar()
                .encode(
                    y=alt.Y("model:N", axis=alt.Axis(title=None)),
                    x=alt.X("sum(records):Q", axis=vega.axis("Records")),
                    color=vega.by("outcome", OUTCOMES[1:], title="Outcome"),
                    tooltip=[
                        vega.text("model", "Table"),
                        vega.text("outcome", "Outcome"),
                        alt.Tooltip("sum(records):Q", title="Records", format=",.0f"),
                    ],
                )
                .properties(height=alt.Step(30)),
            ),
            Chart(
                "freshness",
                "When did the sources bring something new?",
                f"Every version of a file, and whether the tables here read it. {times}",
                FILES,
                "files",
                vega.chart("files")
                .mark_point(filled=True, size=70, opacity=0.8)
                .encode(
                    x=alt.X("committed_at:T", axis=alt.Axis(title=committed)),
                    y=alt.Y("raw_table:N", axis=alt.Axis(title=None)),
                    color=vega.by("state", STATES, title="State"),
                    shape=alt.Shape(
                        "state:N",
                        scale=alt.Scale(domain=STATES, range=["circle", "square", "cross", "triangle-down", "diamond"]),
                        title="State",
                    ),
                    tooltip=[
                        vega.text("_file_path", "File"),
                        vega.day("committed_at", committed, kind="%-d %B %Y, %H:%M"),
                        vega.text("state", "State"),
                        vega.text("reason", "Reason"),
                        vega.number("records", "Records"),
                    ],
                )
                .properties(height=alt.Step(30)),
            ),
        ],
        tables=[
            Table(
                "freshness-table",
                "How fresh are the sources?",
                "The newest version of every file.",
                FILES,
                ["Source", "File", committed, "Age", "Records"],
                [
                    (row["source"], row["_file_path"], row["committed_at"], row["committed_at"], row["records"])
                    for row in newest.iter_rows(named=True)
                ],
                "No file has been loaded yet.",
            ),
            Table(
                "left-out",
                "Which versions are left out?",
                "Refused: not loaded, or with a record that no version may hold. Held: too different from the version "
                "before, until somebody decides. Rejected: taken back. The last accepted version stays.",
                FILES,
                ["Source", "File", "Version", committed, "State", "Reason"],
                [
                    (
                        row["source"],
                        row["_file_path"],
                        row["_file_version"],
                        row["committed_at"],
                        row["state"],
                        row["reason"],
                    )
                    for row in left_out.iter_rows(named=True)
                ],
                "No version is left out.",
            ),
            Table(
                "decisions",
                "What was decided about versions?",
                "Released or rejected by somebody, and why.",
                FILES,
                ["Source", "File", "Version", "State", "Why"],
                [
                    (row["source"], row["_file_path"], row["_file_version"], row["state"], row["reason"])
                    for row in decided.iter_rows(named=True)
                ],
                "Nothing had to be decided.",
            ),
            Table(
                "quarantine-reasons",
                "Why are records in quarantine?",
                "Records of the current versions that violate a rule of action drop.",
                QUARANTINE,
                ["Table", "Rules", "Records", "Since"],
                [
                    (row["model"], row["rules"], row["records"], row["since"])
                    for row in reasons.sort("records", descending=True).iter_rows(named=True)
                ],
                "No record is in quarantine.",
            ),
            Table(
                "quarantine",
                "Which records are in quarantine?",
                f"Up to {EXAMPLES} of them.",
                QUARANTINE,
                ["Table", "Rules", "Record", "Row of the file"],
                [
                    (row["model"], row["rules"], row["record"], row["_row_number"])
                    for row in quarantine.sort("model", "rules", "_row_number").head(EXAMPLES).iter_rows(named=True)
                ],
                "No record is in quarantine.",
            ),
            Table(
                "versions",
                "Does every version of every file add up?",
                "Records in = kept + repaired + duplicates + quarantined + refused.",
                RECONCILIATION,
                [
                    "Table",
                    "Version",
                    "State",
                    committed,
                    "Records in",
                    *(outcome.title() for outcome in OUTCOMES),
                    "Adds up",
                ],
                [
                    (
                        row["model"],
                        row["_file_version"],
                        row["state"],
                        row["committed_at"],
                        row["records_in"],
                        *(row[outcome] for outcome in OUTCOMES),
                        "yes" if row["records_in"] == sum(row[outcome] for outcome in OUTCOMES) else "NO",
                    )
                    for row in versions.iter_rows(named=True)
                ],
                "No version has been judged yet.",
            ),
        ],
        datasets={
            "runs": runs,
            "rules": rules.drop("run_id", "_run_started_at"),
            "outcomes": outcomes,
            "versions": versions.select("model", "committed_at", "records_in", *OUTCOMES),
            "files": files.select("raw_table", "state", "reason", "records", "committed_at", "_file_path"),
        },
    )
