"""`python -m local.twins.navimpact`: the NavImpact twin as a program, configured by its environment."""

import os

from local.twins.navimpact.app import PORT, Config, create_app
from local.twins.serving import serve_forever

if __name__ == "__main__":
    try:
        app, port = create_app(Config.from_env(os.environ)), int(os.environ.get("NAVIMPACT_TWIN_PORT", PORT))
    except ValueError as error:
        raise SystemExit(str(error)) from error
    serve_forever(app, port=port, name="the NavImpact twin")
