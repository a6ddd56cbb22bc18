"""The range's exporter: one small process for what PostgreSQL, Valkey and the kernel do not export.

Names, labels and units are those of postgres_exporter (https://github.com/prometheus-community/postgres_exporter),
redis_exporter (https://github.com/oliver006/redis_exporter) and process-exporter
(https://github.com/ncabatoff/process-exporter), so that a query learnt here works elsewhere.
"""
