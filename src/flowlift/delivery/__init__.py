"""The workflows, each readable on one screen, and the CI context that they run in."""
