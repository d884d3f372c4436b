"""The machinery of the checks: run an answer under guard, compare it with the reference, and explain what is wrong."""
