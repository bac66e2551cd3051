"""What `flowlift ci write` writes: the three workflows, for GitHub and Gitea, or for GitLab."""
