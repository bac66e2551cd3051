"""The Prefect worker, whole: checked, updated, proven and watched."""
