"""All figures: `python -m bench`."""

from bench import ci, deployments, image, manifests, worker

if __name__ == "__main__":
    manifests.main()
    deployments.main()
    image.main()
    ci.main()
    worker.main()
