"""The repository that a command works on: its configuration, the CI context, its outputs."""
