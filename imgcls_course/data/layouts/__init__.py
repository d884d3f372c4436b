"""Folders of one's own images: find out how they are laid out, and make splits of them."""
