"""The cluster that the worker runs in, by kubectl and Helm."""
