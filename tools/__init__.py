"""What authors and CI use around the lessons; no lesson and no student needs it."""
