"""The engines that the models run on: sessions on Spark, and a comparison with DuckDB."""
