"""How an answer is checked: run under guard, compared with the reference, and said in one line with a hint."""
