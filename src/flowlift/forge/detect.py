"""Which forge this process runs for, by what the CI's variables say.

Sources: GitHub's "Variables reference", Gitea's "Variables" (it sets both names), GitLab's
"Predefined CI/CD variables".
"""

from __future__ import annotations

from collections.abc import Mapping

from flowlift.forge.model import Forge
from flowlift.forge.none import NoForge

TOKENS = {
    "github": ("FLOWLIFT_FORGE_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"),
    "gitea": ("FLOWLIFT_FORGE_TOKEN", "GITEA_TOKEN", "GITHUB_TOKEN"),
    "gitlab": ("FLOWLIFT_FORGE_TOKEN", "GITLAB_TOKEN"),
}
"""The variables that a token is taken from, the first that is set."""

_NO_FORGE = "this is no CI of GitHub, GitLab or Gitea that flowlift knows."


def find_forge(environ: Mapping[str, str]) -> Forge:
    """The forge of this process. One that has no token refuses with what is missing, when asked."""
    if environ.get("GITEA_ACTIONS") == "true":
        return _github(environ, "gitea")
    if environ.get("GITHUB_ACTIONS") == "true":
        return _github(environ, "github")
    if environ.get("GITLAB_CI") == "true":
        return _gitlab(environ)
    return NoForge(_NO_FORGE)


def _token(environ: Mapping[str, str], kind: str) -> str:
    return next((environ[name] for name in TOKENS[kind] if environ.get(name)), "")


def _github(environ: Mapping[str, str], kind: str) -> Forge:
    token, repository = _token(environ, kind), environ.get("GITHUB_REPOSITORY", "")
    if not token or not repository:
        missing = TOKENS[kind][1] if repository else "GITHUB_REPOSITORY"
        return NoForge(f"{missing} is not set.")
    from flowlift.forge.gitea import Gitea
    from flowlift.forge.github import GitHub
    from flowlift.forge.http import ForgeHttp

    forge, base = (
        (Gitea, environ.get("GITHUB_API_URL", ""))
        if kind == "gitea"
        else (GitHub, environ.get("GITHUB_API_URL") or "https://api.github.com")
    )
    if not base:
        return NoForge("GITHUB_API_URL is not set.")
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json" if kind == "gitea" else "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    server = environ.get("GITHUB_SERVER_URL") or "https://github.com"
    return forge(
        ForgeHttp(forge.name, base, headers),
        repository,
        server=server,
        token=token,
        job_commit=environ.get("GITHUB_SHA", ""),
    )


def _gitlab(environ: Mapping[str, str]) -> Forge:
    token, job_token = _token(environ, "gitlab"), environ.get("CI_JOB_TOKEN", "")
    base, project = environ.get("CI_API_V4_URL", ""), environ.get("CI_PROJECT_ID", "")
    if not base or not project or not (token or job_token):
        return NoForge("CI_API_V4_URL, CI_PROJECT_ID or GITLAB_TOKEN is not set.")
    from flowlift.forge.gitlab import GitLab
    from flowlift.forge.http import ForgeHttp

    headers = {"PRIVATE-TOKEN": token} if token else {"JOB-TOKEN": job_token}
    return GitLab(
        ForgeHttp("GitLab", base, headers),
        project,
        server=environ.get("CI_SERVER_URL", ""),
        token=token,
        job_token=not token,
        job_environment=environ.get("CI_ENVIRONMENT_NAME", ""),
    )
