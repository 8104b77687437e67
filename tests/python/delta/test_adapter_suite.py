"""dbt's own adapter test suite (dbt-tests-adapter), run with this plugin and these macros.

A class taken over unchanged is one line. Where a class states what is another adapter's own (the wording of an error,
the SQL of a `create table`), the expectation is replaced by ours, with the reason beside it.
"""

from dbt.tests.adapter.basic.test_adapter_methods import BaseAdapterMethod
from dbt.tests.adapter.basic.test_base import BaseSimpleMaterializations
from dbt.tests.adapter.basic.test_docs_generate import BaseDocsGenerate, BaseDocsGenReferences
from dbt.tests.adapter.basic.test_empty import BaseEmpty
from dbt.tests.adapter.basic.test_ephemeral import BaseEphemeral
from dbt.tests.adapter.basic.test_generic_tests import BaseGenericTests
from dbt.tests.adapter.basic.test_get_catalog_for_single_relation import BaseGetCatalogForSingleRelation
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
from dbt.tests.adapter.incremental.test_incremental_microbatch import BaseMicrobatch
from dbt.tests.adapter.incremental.test_incremental_on_schema_change import BaseIncrementalOnSchemaChange
from dbt.tests.adapter.incremental.test_incremental_predicates import BaseIncrementalPredicates
from dbt.tests.adapter.incremental.test_incremental_unique_id import BaseIncrementalUniqueKey
from dbt.tests.adapter.persist_docs import test_persist_docs as persist_docs
from dbt.tests.adapter.simple_seed import test_seed as seed
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

# basic ---------------------------------------------------------------------------------------------------------------


class TestSimpleMaterializations(BaseSimpleMaterializations): ...


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


class TestDocsGenerate(BaseDocsGenerate): ...


class TestDocsGenReferences(BaseDocsGenReferences): ...


class TestGetCatalogForSingleRelation(BaseGetCatalogForSingleRelation): ...


# seeds ---------------------------------------------------------------------------------------------------------------


class TestBasicSeedTests(seed.BaseBasicSeedTests): ...


class TestSeedConfigFullRefreshOn(seed.BaseSeedConfigFullRefreshOn): ...


class TestSeedConfigFullRefreshOff(seed.BaseSeedConfigFullRefreshOff): ...


class TestSeedCustomSchema(seed.BaseSeedCustomSchema): ...


class TestSeedWithUniqueDelimiter(seed.BaseSeedWithUniqueDelimiter): ...


class TestSeedWithWrongDelimiter(seed.BaseSeedWithWrongDelimiter): ...


class TestSeedWithEmptyDelimiter(seed.BaseSeedWithEmptyDelimiter): ...


class TestSimpleSeedEnabledViaConfig(seed.BaseSimpleSeedEnabledViaConfig): ...


class TestSeedParsing(seed.BaseSeedParsing): ...


class TestSimpleSeedWithBOM(seed.BaseSimpleSeedWithBOM): ...


class TestSeedSpecificFormats(seed.BaseSeedSpecificFormats): ...


class TestEmptySeed(seed.BaseTestEmptySeed): ...


class TestSimpleSeedColumnOverride(BaseSimpleSeedColumnOverride): ...


# snapshots -----------------------------------------------------------------------------------------------------------


class TestSnapshot(snapshot.BaseSimpleSnapshot): ...


class TestSnapshotCheck(snapshot.BaseSnapshotCheck): ...


class TestSnapshotColumnNames(snapshot_configs.BaseSnapshotColumnNames): ...


class TestSnapshotColumnNamesFromDbtProject(snapshot_configs.BaseSnapshotColumnNamesFromDbtProject): ...


class TestSnapshotInvalidColumnNames(snapshot_configs.BaseSnapshotInvalidColumnNames): ...


class TestSnapshotDbtValidToCurrent(snapshot_configs.BaseSnapshotDbtValidToCurrent): ...


class TestSnapshotMultiUniqueKey(snapshot_configs.BaseSnapshotMultiUniqueKey): ...


class TestSnapshotEphemeralHardDeletes(snapshot_deletes.BaseSnapshotEphemeralHardDeletes): ...


class TestSnapshotNewColumnTimestampStrategy(snapshot_deletes.BaseSnapshotNewColumnTimestampStrategy): ...


class TestSnapshotNewColumnSpecificCheckCols(snapshot_deletes.BaseSnapshotNewColumnSpecificCheckCols): ...


class TestSnapshotNewColumnWithDeletes(snapshot_deletes.BaseSnapshotNewColumnWithDeletes): ...


class TestSnapshotNewRecordTimestampMode(BaseSnapshotNewRecordTimestampMode): ...


class TestSnapshotNewRecordCheckMode(BaseSnapshotNewRecordCheckMode): ...


class TestSnapshotNewRecordDbtValidToCurrent(BaseSnapshotNewRecordDbtValidToCurrent): ...


# incremental ---------------------------------------------------------------------------------------------------------


class TestIncrementalUniqueKey(BaseIncrementalUniqueKey): ...


class TestIncrementalOnSchemaChange(BaseIncrementalOnSchemaChange): ...


class TestIncrementalPredicatesDeleteInsert(BaseIncrementalPredicates): ...


class TestMergeExcludeColumns(BaseMergeExcludeColumns): ...


class TestMicrobatch(BaseMicrobatch): ...


# empty, ephemeral ----------------------------------------------------------------------------------------------------


class TestEmptyFlag(empty.BaseTestEmpty): ...


class TestEmptyInlineSourceRef(empty.BaseTestEmptyInlineSourceRef): ...


class TestEmptySeedFlag(empty.BaseTestEmptySeedFlag): ...


class TestMetadataWithEmptyFlag(empty.MetadataWithEmptyFlag): ...


class TestEphemeralMulti(ephemeral.BaseEphemeralMulti): ...


class TestEphemeralNested(ephemeral.BaseEphemeralNested): ...


class TestEphemeralErrorHandling(ephemeral.BaseEphemeralErrorHandling): ...


# constraints and contracts -------------------------------------------------------------------------------------------


class TestTableConstraintsColumnsEqual(constraints.BaseTableConstraintsColumnsEqual): ...


class TestViewConstraintsColumnsEqual(constraints.BaseViewConstraintsColumnsEqual): ...


class TestIncrementalConstraintsColumnsEqual(constraints.BaseIncrementalConstraintsColumnsEqual): ...


class TestTableConstraintsRollback(constraints.BaseConstraintsRollback): ...


class TestIncrementalConstraintsRollback(constraints.BaseIncrementalConstraintsRollback): ...


class TestTableConstraintsRuntimeDdlEnforcement(constraints.BaseConstraintsRuntimeDdlEnforcement): ...


class TestModelConstraintsRuntimeEnforcement(constraints.BaseModelConstraintsRuntimeEnforcement): ...


class TestConstraintQuotedColumn(constraints.BaseConstraintQuotedColumn): ...


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


class TestPrePostModelHooks(model_hooks.BasePrePostModelHooks): ...


class TestHookRefs(model_hooks.BaseHookRefs): ...


class TestPrePostModelHooksOnSeeds(model_hooks.BasePrePostModelHooksOnSeeds): ...


class TestHooksRefsOnSeeds(model_hooks.BaseHooksRefsOnSeeds): ...


class TestPrePostModelHooksOnSeedsPlusPrefixed(model_hooks.BasePrePostModelHooksOnSeedsPlusPrefixed): ...


class TestPrePostModelHooksOnSnapshots(model_hooks.BasePrePostModelHooksOnSnapshots): ...


class TestPrePostModelHooksInConfig(model_hooks.BasePrePostModelHooksInConfig): ...


class TestPrePostModelHooksInConfigWithCount(model_hooks.BasePrePostModelHooksInConfigWithCount): ...


class TestPrePostModelHooksInConfigKwargs(model_hooks.BasePrePostModelHooksInConfigKwargs): ...


class TestPrePostSnapshotHooksInConfigKwargs(model_hooks.BasePrePostSnapshotHooksInConfigKwargs): ...


class TestDuplicateHooksInConfigs(model_hooks.BaseDuplicateHooksInConfigs): ...


class TestPrePostRunHooks(run_hooks.BasePrePostRunHooks): ...


class TestAfterRunHooks(run_hooks.BaseAfterRunHooks): ...


class TestConcurrency(BaseConcurrency): ...
