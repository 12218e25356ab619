"""Why does a command end before its work is done?"""


class Stopped(Exception):
    """A command cannot go on; the message finishes "we stopped because" and says what the reader can do."""

    def __init__(self, because: str) -> None:
        super().__init__(f"we stopped because {because}")
