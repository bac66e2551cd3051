"""The Prefect worker and its work pool: values and base job template, Helm, cluster, host."""
