"""What git holds: the repository, its manifests, and what of them a change reaches."""
