"""dbt's own adapter test suite (dbt-tests-adapter), run with this plugin and these macros.

A class taken over unchanged is one line. Where a class states what is another adapter's own (the wording of an error,
the SQL of a `create table`), the expectation is replaced by ours, with the reason beside it.
"""

# mypy: disable-error-code="no-untyped-call, misc, attr-defined"
# (The suite has no types.)
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from dbt.tests.adapter.basic.expected_catalog import base_expected_catalog, expected_references_catalog, no_stats
from dbt.tests.adapter.basic.test_adapter_methods import BaseAdapterMethod
from dbt.tests.adapter.basic.test_base import BaseSimpleMaterializations
from dbt.tests.adapter.basic.test_docs_generate import BaseDocsGenerate, BaseDocsGenReferences
from dbt.tests.adapter.basic.test_empty import BaseEmpty
from dbt.tests.adapter.basic.test_ephemeral import BaseEphemeral
from dbt.tests.adapter.basic.test_generic_tests import BaseGenericTests
from dbt.tests.adapter.basic.test_incremental import (
    BaseIncremental,
    BaseIncrementalBadStrategy,
    BaseIncrementalNotSchemaChange,
)
from dbt.tests.adapter.basic.test_singular_tests import BaseSingularTests
from dbt.tests.adapter.basic.test_singular_tests_ephemeral import BaseSingularTestsEphemeral
from dbt.tests.adapter.basic.test_snapshot_check_cols import BaseSnapshotCheckCols
from dbt.tests.adapter.basic.test_snapshot_timestamp import BaseSnapshotTimestamp
from dbt.tests.adapter.basic.test_table_materialization import BaseTableMaterialization
from dbt.tests.adapter.basic.test_validate_connection import BaseValidateConnection
from dbt.tests.adapter.concurrency.test_concurrency import BaseConcurrency
from dbt.tests.adapter.constraints import test_constraints as constraints
from dbt.tests.adapter.empty import test_empty as empty
from dbt.tests.adapter.ephemeral import test_ephemeral as ephemeral
from dbt.tests.adapter.hooks import test_model_hooks as model_hooks
from dbt.tests.adapter.hooks import test_run_hooks as run_hooks
from dbt.tests.adapter.incremental.test_incremental_merge_exclude_columns import BaseMergeExcludeColumns
from dbt.tests.adapter.incremental.test_incremental_microbatch import BaseMicrobatch, _input_model_sql
from dbt.tests.adapter.incremental.test_incremental_on_schema_change import BaseIncrementalOnSchemaChange
from dbt.tests.adapter.incremental.test_incremental_predicates import BaseIncrementalPredicates
from dbt.tests.adapter.incremental.test_incremental_unique_id import BaseIncrementalUniqueKey
from dbt.tests.adapter.persist_docs import test_persist_docs as persist_docs
from dbt.tests.adapter.simple_seed import test_seed as seed
from dbt.tests.adapter.simple_seed.fixtures import properties__schema_yml
from dbt.tests.adapter.simple_seed.seeds import seed__actual_csv, seeds__expected_sql
from dbt.tests.adapter.simple_seed.test_seed_type_override import BaseSimpleSeedColumnOverride
from dbt.tests.adapter.simple_snapshot import test_ephemeral_snapshot_hard_deletes as snapshot_deletes
from dbt.tests.adapter.simple_snapshot import test_snapshot as snapshot
from dbt.tests.adapter.simple_snapshot import test_various_configs as snapshot_configs
from dbt.tests.adapter.simple_snapshot.new_record_check_mode import BaseSnapshotNewRecordCheckMode
from dbt.tests.adapter.simple_snapshot.new_record_dbt_valid_to_current import BaseSnapshotNewRecordDbtValidToCurrent
from dbt.tests.adapter.simple_snapshot.new_record_timestamp_mode import BaseSnapshotNewRecordTimestampMode
from dbt.tests.adapter.store_test_failures_tests import basic as store_failures_as
from dbt.tests.adapter.store_test_failures_tests.test_store_test_failures import (
    BaseStoreTestFailures,
    BaseStoreTestFailuresLimit,
)
from dbt.tests.adapter.unit_testing.test_case_insensitivity import BaseUnitTestCaseInsensivity
from dbt.tests.adapter.unit_testing.test_invalid_input import BaseUnitTestInvalidInput
from dbt.tests.adapter.unit_testing.test_quoted_reserved_word_column_names import (
    BaseUnitTestQuotedReservedWordColumnNames,
)
from dbt.tests.adapter.unit_testing.test_types import BaseUnitTestingTypes, BaseUnitTestingVarcharFixtureNoTruncation
from dbt.tests.util import check_relations_equal, run_dbt
from dbt_common.exceptions import DbtRuntimeError

pytestmark = pytest.mark.adapter_suite

CATALOG = {
    "id_type": "INTEGER",
    "text_type": "VARCHAR",
    "view_type": "VIEW",
    "table_type": "VIEW",  # what a Delta table is in DuckDB
    "model_stats": no_stats(),
}


# basic ---------------------------------------------------------------------------------------------------------------


class TestSimpleMaterializations(BaseSimpleMaterializations):
    def test_base(self, project: Any) -> Any:
        """All of it but the end, where a table becomes a view: dbt does not delete a Delta table."""
        with pytest.raises(AssertionError, match="dbt exit state"):
            super().test_base(project)
        results = json.loads(Path("target/run_results.json").read_text())["results"]
        assert [r["unique_id"] for r in results] == ["model.base.swappable"]
        assert "swappable is a Delta table, which this model no longer is" in results[0]["message"]
        check_relations_equal(project.adapter, ["base", "swappable"])


class TestSingularTests(BaseSingularTests): ...


class TestSingularTestsEphemeral(BaseSingularTestsEphemeral): ...


class TestEmpty(BaseEmpty): ...


class TestEphemeral(BaseEphemeral): ...


class TestIncremental(BaseIncremental): ...


class TestIncrementalNotSchemaChange(BaseIncrementalNotSchemaChange): ...


class TestIncrementalBadStrategy(BaseIncrementalBadStrategy): ...


class TestGenericTests(BaseGenericTests): ...


class TestSnapshotCheckCols(BaseSnapshotCheckCols): ...


class TestSnapshotTimestamp(BaseSnapshotTimestamp): ...


class TestTableMaterialization(BaseTableMaterialization): ...


class TestValidateConnection(BaseValidateConnection): ...


class TestAdapterMethod(BaseAdapterMethod): ...


class TestDocsGenerate(BaseDocsGenerate):
    @pytest.fixture(scope="class")
    def expected_catalog(self, project: Any) -> Any:
        return base_expected_catalog(project, role=None, time_type="TIMESTAMP WITH TIME ZONE", **CATALOG)


class TestDocsGenReferences(BaseDocsGenReferences):
    @pytest.fixture(scope="class")
    def expected_catalog(self, project: Any) -> Any:
        types = {"time_type": "TIMESTAMP WITH TIME ZONE", "bigint_type": "BIGINT"}
        return expected_references_catalog(project, role=None, **types, **CATALOG)


# seeds ---------------------------------------------------------------------------------------------------------------


class NoCascade:
    """--full-refresh replaces a seed's rows; the views on it stay."""

    def _check_relation_end_state(self, run_result: Any, project: Any, exists: Any) -> Any:
        super()._check_relation_end_state(run_result, project, exists=True)


class TestBasicSeedTests(NoCascade, seed.BaseBasicSeedTests): ...


class TestSeedConfigFullRefreshOn(NoCascade, seed.BaseSeedConfigFullRefreshOn): ...


class TestSeedConfigFullRefreshOff(seed.BaseSeedConfigFullRefreshOff): ...


class TestSeedCustomSchema(seed.BaseSeedCustomSchema): ...


class TestSeedWithUniqueDelimiter(seed.BaseSeedWithUniqueDelimiter): ...


class TestSeedWithWrongDelimiter(seed.BaseSeedWithWrongDelimiter): ...


class TestSeedWithEmptyDelimiter(seed.BaseSeedWithEmptyDelimiter): ...


class TestSimpleSeedEnabledViaConfig(seed.BaseSimpleSeedEnabledViaConfig):
    @pytest.fixture(scope="function")
    def clear_test_schema(self, project):
        """The tables go with the schema: dbt finds what lies in the lake at each run."""
        yield
        project.run_sql(f"drop schema if exists {project.test_schema} cascade")
        shutil.rmtree(Path(project.project_root) / "lake" / project.test_schema, ignore_errors=True)


class TestSeedParsing(seed.BaseSeedParsing): ...


class TestSimpleSeedWithBOM(seed.BaseSimpleSeedWithBOM):
    @pytest.fixture(scope="class", autouse=True)
    def setUp(self, project: Any) -> Any:
        project.run_sql(seeds__expected_sql)
        (Path("seeds") / "seed_bom.csv").write_text(seed__actual_csv, encoding="utf-8-sig")


class TestSeedSpecificFormats(seed.BaseSeedSpecificFormats): ...


class TestEmptySeed(seed.BaseTestEmptySeed): ...


class TestSimpleSeedColumnOverride(BaseSimpleSeedColumnOverride):
    @pytest.fixture(scope="class")
    def models(self) -> Any:
        names = {
            "type: text": "type: character varying(256)",
            "type: date": "type: DATE",
            "type: integer": "type: INTEGER",
            "type: boolean": "type: BOOLEAN",
            "type: timestamp without time zone": "type: TIMESTAMP WITH TIME ZONE",
        }
        schema = properties__schema_yml
        for postgres, duckdb in names.items():
            schema = schema.replace(f"{postgres}\n", f"{duckdb}\n")
        return {"schema.yml": schema}


# snapshots -----------------------------------------------------------------------------------------------------------


class TestSnapshot(snapshot.BaseSimpleSnapshot): ...


class TestSnapshotCheck(snapshot.BaseSnapshotCheck): ...


class TestSnapshotColumnNames(snapshot_configs.BaseSnapshotColumnNames): ...


class TestSnapshotColumnNamesFromDbtProject(snapshot_configs.BaseSnapshotColumnNamesFromDbtProject): ...


class TestSnapshotInvalidColumnNames(snapshot_configs.BaseSnapshotInvalidColumnNames): ...


class TestSnapshotDbtValidToCurrent(snapshot_configs.BaseSnapshotDbtValidToCurrent):
    @pytest.fixture(scope="class")
    def project_config_update(self) -> Any:
        return {"snapshots": {"+timestamp_ntz": True}}  # the class compares with timestamps without a zone

    @pytest.fixture(autouse=True)
    def in_order(self, monkeypatch: Any) -> Any:
        """The class expects rows in the order in which they were inserted."""
        run = snapshot_configs.run_sql_with_adapter
        in_order = lambda adapter, sql, fetch: run(adapter, f"{sql} order by id, test_valid_to", fetch)  # noqa: E731
        monkeypatch.setattr(snapshot_configs, "run_sql_with_adapter", in_order)


class TestSnapshotMultiUniqueKey(snapshot_configs.BaseSnapshotMultiUniqueKey): ...


class TestSnapshotEphemeralHardDeletes(snapshot_deletes.BaseSnapshotEphemeralHardDeletes): ...


class TestSnapshotNewColumnTimestampStrategy(snapshot_deletes.BaseSnapshotNewColumnTimestampStrategy): ...


class TestSnapshotNewColumnSpecificCheckCols(snapshot_deletes.BaseSnapshotNewColumnSpecificCheckCols): ...


class TestSnapshotNewColumnWithDeletes(snapshot_deletes.BaseSnapshotNewColumnWithDeletes): ...


class TestSnapshotNewRecordTimestampMode(BaseSnapshotNewRecordTimestampMode): ...


class TestSnapshotNewRecordCheckMode(BaseSnapshotNewRecordCheckMode): ...


class TestSnapshotNewRecordDbtValidToCurrent(BaseSnapshotNewRecordDbtValidToCurrent): ...


# incremental ---------------------------------------------------------------------------------------------------------


class TestIncrementalUniqueKeyMerge(BaseIncrementalUniqueKey):
    @pytest.fixture(scope="class")
    def project_config_update(self) -> Any:
        return {"models": {"+incremental_strategy": "merge"}}


class TestIncrementalUniqueKeyDeleteInsert(BaseIncrementalUniqueKey):
    @pytest.fixture(scope="class")
    def project_config_update(self) -> Any:
        return {"models": {"+incremental_strategy": "delete+insert"}}


class TestIncrementalOnSchemaChange(BaseIncrementalOnSchemaChange): ...


class TestIncrementalPredicatesDeleteInsert(BaseIncrementalPredicates): ...


class TestMergeExcludeColumns(BaseMergeExcludeColumns): ...


class TestMicrobatch(BaseMicrobatch):
    """With time zones as DuckDB writes them: `+00`, not `-0`."""

    @pytest.fixture(scope="class")
    def input_model_sql(self) -> Any:
        return _input_model_sql.replace("00-0'", "00+00'").replace("TIMESTAMP", "TIMESTAMPTZ")

    @pytest.fixture(scope="class")
    def insert_two_rows_sql(self, project: Any) -> Any:
        return (
            f"insert into {project.test_schema}.input_model (id, event_time) values"
            " (4, TIMESTAMPTZ '2020-01-04 00:00:00+00'), (5, TIMESTAMPTZ '2020-01-05 00:00:00+00')"
        )


# empty, ephemeral ----------------------------------------------------------------------------------------------------


class TestEmptyFlag(empty.BaseTestEmpty): ...


class TestEmptyInlineSourceRef(empty.BaseTestEmptyInlineSourceRef): ...


class TestMetadataWithEmptyFlag(empty.MetadataWithEmptyFlag):
    @pytest.mark.parametrize("model", ["control", "get_columns_in_relation", "alter_relation_comment"])
    def test_run(self, project: Any, model: Any) -> Any:
        """Without the models that change a Delta table by `alter table` or `truncate`: DuckDB cannot."""
        super().test_run(project, model)


class InMemory:
    """The suite has its own names of database and schema in the SQL that it expects of a view."""

    @pytest.fixture(autouse=True)
    def names_in_expected_sql(self, monkeypatch: Any, project: Any) -> Any:
        def read(path: str, mode: str = "r") -> io.StringIO:
            schema = re.sub(r"\d+", "", project.test_schema)
            sql = re.sub(r"\d+", "", Path(path).read_text())
            return io.StringIO(sql.replace('"memory"', '"dbt"').replace(schema, "test_test_ephemeral"))

        monkeypatch.setattr(ephemeral, "open", read, raising=False)


class TestEphemeralMulti(InMemory, ephemeral.BaseEphemeralMulti): ...


class TestEphemeralNested(InMemory, ephemeral.BaseEphemeralNested): ...


class TestEphemeralErrorHandling(ephemeral.BaseEphemeralErrorHandling): ...


# constraints and contracts -------------------------------------------------------------------------------------------


class DuckDBTypes:
    """The types that DuckDB has, and their names in dbt's messages."""

    @pytest.fixture
    def string_type(self) -> Any:
        return "VARCHAR"

    @pytest.fixture
    def int_type(self) -> Any:
        return "INTEGER"

    @pytest.fixture
    def data_types(self, int_type: Any, schema_int_type: Any, string_type: Any) -> Any:
        return [
            ["1", schema_int_type, int_type],
            ["'1'", string_type, string_type],
            ["true", "bool", "BOOL"],
            ["'2013-11-03 00:00:00-07'::timestamptz", "timestamptz", "TIMESTAMP WITH TIME ZONE"],
            ["'2013-11-03 00:00:00'::timestamp", "timestamp", "TIMESTAMP"],
            ["ARRAY['a','b','c']", "text[]", "VARCHAR[]"],
            ["ARRAY[1,2,3]", "int[]", "INTEGER[]"],
            ["'1'::numeric", "numeric", "DECIMAL"],
        ]


class TestTableConstraintsColumnsEqual(DuckDBTypes, constraints.BaseTableConstraintsColumnsEqual): ...


class TestViewConstraintsColumnsEqual(DuckDBTypes, constraints.BaseViewConstraintsColumnsEqual): ...


class TestIncrementalConstraintsColumnsEqual(DuckDBTypes, constraints.BaseIncrementalConstraintsColumnsEqual): ...


class TestTableConstraintsRollback(constraints.BaseConstraintsRollback):
    @pytest.fixture(scope="class")
    def expected_error_messages(self) -> Any:
        return ["Constraint violated: column id is null"]


class TestIncrementalConstraintsRollback(constraints.BaseIncrementalConstraintsRollback):
    @pytest.fixture(scope="class")
    def expected_error_messages(self) -> Any:
        return ["Constraint violated: column id is null"]


class CompiledSelect:
    """No `create table` with constraints: they become part of the query, so that is what the class finds."""

    @pytest.fixture(scope="class")
    def expected_sql(self) -> Any:
        return """
        select id, color, date_day from (
            -- depends_on: <foreign_key_model_identifier>
            select 'blue' as color, 1 as id, '2019-01-01' as date_day
        ) as model_subq
        """


class TestTableConstraintsRuntimeDdlEnforcement(CompiledSelect, constraints.BaseConstraintsRuntimeDdlEnforcement): ...


class TestIncrementalConstraintsRuntimeDdlEnforcement(
    CompiledSelect, constraints.BaseIncrementalConstraintsRuntimeDdlEnforcement
): ...


class TestModelConstraintsRuntimeEnforcement(CompiledSelect, constraints.BaseModelConstraintsRuntimeEnforcement): ...


class TestConstraintQuotedColumn(constraints.BaseConstraintQuotedColumn):
    @pytest.fixture(scope="class")
    def expected_sql(self) -> Any:
        return """
        select id, "from", date_day from (
            select 'blue' as "from", 1 as id, '2019-01-01' as date_day
        ) as model_subq
        """


class TestTableContractSqlHeader(constraints.BaseTableContractSqlHeader): ...


class TestIncrementalContractSqlHeader(constraints.BaseIncrementalContractSqlHeader): ...


class TestIncrementalForeignKeyConstraint(constraints.BaseIncrementalForeignKeyConstraint): ...


# persist_docs --------------------------------------------------------------------------------------------------------


class TestPersistDocs(persist_docs.BasePersistDocs): ...


class TestPersistDocsColumnMissing(persist_docs.BasePersistDocsColumnMissing): ...


class TestPersistDocsAllColumnsMissing(persist_docs.BasePersistDocsAllColumnsMissing): ...


class TestPersistDocsQuotedColumnCaseSensitive(persist_docs.BasePersistDocsQuotedColumnCaseSensitive): ...


class TestPersistDocsQuotedMismatch(persist_docs.BasePersistDocsQuotedDescriptionNotAppliedOnMismatch): ...


class TestPersistDocsCommentOnQuotedColumn(persist_docs.BasePersistDocsCommentOnQuotedColumn): ...


# unit tests ----------------------------------------------------------------------------------------------------------


class TestUnitTestCaseInsensitivity(BaseUnitTestCaseInsensivity): ...


class TestUnitTestInvalidInput(BaseUnitTestInvalidInput): ...


class TestUnitTestQuotedReservedWordColumnNames(BaseUnitTestQuotedReservedWordColumnNames): ...


class TestUnitTestingTypes(BaseUnitTestingTypes): ...


class TestUnitTestingVarcharFixtureNoTruncation(BaseUnitTestingVarcharFixtureNoTruncation): ...


# stored failures -----------------------------------------------------------------------------------------------------


class TestStoreTestFailures(BaseStoreTestFailures): ...


class TestStoreTestFailuresLimit(BaseStoreTestFailuresLimit): ...


class TestStoreTestFailuresAsInteractions(store_failures_as.StoreTestFailuresAsInteractions): ...


class TestStoreTestFailuresAsProjectLevelOff(store_failures_as.StoreTestFailuresAsProjectLevelOff): ...


class TestStoreTestFailuresAsProjectLevelView(store_failures_as.StoreTestFailuresAsProjectLevelView): ...


class TestStoreTestFailuresAsProjectLevelEphemeral(store_failures_as.StoreTestFailuresAsProjectLevelEphemeral): ...


class TestStoreTestFailuresAsGeneric(store_failures_as.StoreTestFailuresAsGeneric): ...


class TestStoreTestFailuresAsExceptions(store_failures_as.StoreTestFailuresAsExceptions): ...


# hooks, concurrency --------------------------------------------------------------------------------------------------


class HooksInDuckDB:
    """The suite's table for hooks, and what dbt knows of a DuckDB target: no host, no user."""

    @pytest.fixture(scope="class")
    def test_data_dir(self) -> Any:
        return Path(model_hooks.__file__).parent / "data"

    def check_hooks(self, state: Any, project: Any, host: Any, count: Any = 1) -> Any:
        counted = {"count": count} if isinstance(self, model_hooks.BaseTestPrePost) else {}
        found = self.get_ctx_vars(state, project=project, **counted)
        for context in found if counted else [found]:
            assert context["test_state"] == state
            assert context["target_dbname"] == context["target_host"] == context["target_user"] == ""
            assert context["target_name"] == "default"
            assert context["target_schema"] == project.test_schema
            assert context["target_threads"] == 4
            assert context["target_type"] == "duckdb"
            assert context["run_started_at"]
            assert context["invocation_id"]
            assert context["thread_id"].startswith(("Thread-", "MainThread"))


class TestPrePostModelHooks(HooksInDuckDB, model_hooks.BasePrePostModelHooks): ...


class TestHookRefs(HooksInDuckDB, model_hooks.BaseHookRefs): ...


class TestHooksRefsOnSeeds(model_hooks.BaseHooksRefsOnSeeds): ...


class TestPrePostModelHooksInConfig(HooksInDuckDB, model_hooks.BasePrePostModelHooksInConfig): ...


class TestPrePostModelHooksInConfigWithCount(HooksInDuckDB, model_hooks.BasePrePostModelHooksInConfigWithCount): ...


class TestPrePostModelHooksInConfigKwargs(HooksInDuckDB, model_hooks.BasePrePostModelHooksInConfigKwargs): ...


class TestDuplicateHooksInConfigs(model_hooks.BaseDuplicateHooksInConfigs): ...


class TestPrePostRunHooks(HooksInDuckDB, run_hooks.BasePrePostRunHooks): ...


class TestAfterRunHooks(run_hooks.BaseAfterRunHooks):
    def test_missing_column_pre_hook(self, project: Any) -> Any:
        """dbt-duckdb reports an error of the database as DbtRuntimeError."""
        with pytest.raises(DbtRuntimeError, match="test_column does not exist"):
            run_dbt(["run"], expect_pass=False)


class TestConcurrency(BaseConcurrency): ...
