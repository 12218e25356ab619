"""Where are the twin's web pages?"""

from pathlib import Path
from typing import Final

from starlette.templating import Jinja2Templates

HERE: Final = Path(__file__).parent
TEMPLATES: Final = Jinja2Templates(HERE / "templates")
