"""`python -m imgcls_course.cli` is `imgcls`."""

from . import main

main()
