"""The Prefect worker: checked, updated, proven, watched, and the machine that it runs on."""
