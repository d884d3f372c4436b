"""The course beside plain code: figures as ratios, measured side by side in one run."""
