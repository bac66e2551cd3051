"""Steps of this team's own."""


def name_image(repository: str, tag: str, extra: dict | None = None) -> dict:
    return {
        "image": f"{repository}:{tag}",
        "tag": tag,
        "layers": [{"size": 10}, {"size": 20}],
        "extra": extra or {},
    }


def say_nothing(**inputs: object) -> str:
    return "only mappings are handed on"


def store(image: str, **inputs: object) -> dict:
    return {"stored": f"stored {image}", "size": 30}
