"""The workflows' files, and the paths that start them."""
