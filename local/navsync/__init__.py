"""The ``navsync`` command: NavSync whole on one machine."""
