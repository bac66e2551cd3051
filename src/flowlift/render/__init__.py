"""A plan and its outcome as people and programs read them: terminal, markdown, JSON."""
