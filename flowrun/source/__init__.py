"""Text with places in it: files, YAML trees, and the vocabulary of complaints about them."""
