"""Run the Notion twin from the command line."""

import os

from local.twins.notion.app import create_app
from local.twins.notion.config import Config
from local.twins.serving import serve_forever


def main() -> None:
    """Serve until told to stop.

    Raises:
        SystemExit: the environment names something the twin cannot use, said in one sentence.
    """
    try:
        config = Config.from_env(os.environ)
    except ValueError as error:
        raise SystemExit(f"the Notion twin stopped because {error}") from error
    serve_forever(create_app(config), port=config.port, name="the Notion twin")


if __name__ == "__main__":
    main()
