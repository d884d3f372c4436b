"""What the course's gradebook, nbgrader's database, says of an assignment, and writing scores into it."""

from pathlib import Path

FILE = "gradebook.db"


def url(course: Path) -> str:
    """Return what SQLAlchemy calls the gradebook in the folder of a course."""
    return f"sqlite:///{course / FILE}"


def max_scores(book, assignment: str) -> dict[tuple[str, str], float]:
    """Return the points of every graded cell of an assignment: (notebook, cell) -> points; empty if there is none."""
    from nbgrader.api import MissingEntry

    try:
        notebooks = book.find_assignment(assignment).notebooks
    except MissingEntry:
        return {}
    return {(each.name, cell.name): cell.max_score for each in notebooks for cell in each.grade_cells}


def record(theirs, book) -> None:
    """Write the points of a submission, as nbgrader stored them, into the course's gradebook."""
    assignment, student = theirs.assignment.name, theirs.student_id
    book.update_or_create_student(student)
    book.update_or_create_submission(assignment, student, timestamp=theirs.timestamp)
    for notebook in theirs.notebooks:
        where = (notebook.name, assignment, student)
        book.find_submission_notebook(*where).late_submission_penalty = notebook.late_submission_penalty
        for grade in notebook.grades:
            mine = book.find_grade(grade.name, *where)
            mine.auto_score = grade.auto_score
            mine.needs_manual_grade = grade.needs_manual_grade or mine.manual_score is not None
        for comment in notebook.comments:
            book.find_comment(comment.name, *where).auto_comment = comment.auto_comment
    book.db.commit()


def record_nothing(book, assignment: str, student: str) -> None:
    """Give no points, and mark every exercise as one to look at by hand."""
    book.update_or_create_student(student)
    for notebook in book.update_or_create_submission(assignment, student).notebooks:
        for grade in notebook.grades:
            grade.auto_score, grade.needs_manual_grade = 0, True
    book.db.commit()
