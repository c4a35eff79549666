"""Never gets as far as answering."""

while True:
    pass
