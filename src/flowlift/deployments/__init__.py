"""Deployments: read, planned, checked, applied, run, explained, and brought back."""
