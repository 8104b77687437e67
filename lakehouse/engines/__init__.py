"""The engines that the models run on: sessions on Spark, and a comparison with DuckDB."""

ON_SPARK = ("pysail", "apache")
ENGINES = ("duckdb", *ON_SPARK)
