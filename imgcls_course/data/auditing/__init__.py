"""Auditing a folder of images: what is damaged, copied, blank or mislabelled in it."""
