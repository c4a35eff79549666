"""The course: exercises to start, to check and to grade, in English and French, on each backend."""
