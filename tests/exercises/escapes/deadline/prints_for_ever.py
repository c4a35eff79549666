"""Prints for ever."""

while True:
    print("5 of 5 marks", flush=True)
