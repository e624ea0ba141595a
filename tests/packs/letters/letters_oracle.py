"""Read in the files which letters must be stored."""


class Expectation:
    def __init__(self, files):
        self.files = files

    def rows(self):
        for name, path in self.files.items():
            for number, letter in enumerate(path.read_text(encoding="ascii")):
                yield "letters", {"id": f"{name}-{number}", "letter": letter}
