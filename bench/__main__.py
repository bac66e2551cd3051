"""All figures: `python -m bench`."""

from bench import deployments, image

if __name__ == "__main__":
    deployments.main()
    image.main()
