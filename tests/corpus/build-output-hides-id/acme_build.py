"""Steps of this team's own."""


def name_image(repository: str, tag: str) -> dict:
    return {"image": f"{repository}:{tag}", "tag": tag}
