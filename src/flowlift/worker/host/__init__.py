"""The machine that the worker runs on: K3s and Helm, checked and installed."""
