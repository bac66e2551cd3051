"""Stands in for prefect-docker's steps: the same names, inputs and outputs, no engine."""


def build_docker_image(image_name: str, dockerfile: str = "Dockerfile", tag: str = "latest", **options: object) -> dict:
    return {"image_name": image_name, "tag": tag, "image": f"{image_name}:{tag}", "image_id": "sha256:0"}
