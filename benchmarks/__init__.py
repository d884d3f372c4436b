"""The course beside plain code: figures as ratios, measured side by side in one run."""

import imgcls_course  # noqa: F401  before torch, as a student does: it decides how threads wait
