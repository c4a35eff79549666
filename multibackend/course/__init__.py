"""Exercises of registered courses: started, checked and graded, in English and French, on each backend."""
