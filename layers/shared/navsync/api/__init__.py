"""How the functions behind the HTTP API answer: who is calling, what they may do, and errors as problem objects."""

from navsync.api.callers import ROLES, Caller, caller
from navsync.api.problems import (
    Problem,
    forbidden,
    hash_of_style,
    invalid,
    json_response,
    not_found,
    problem_response,
    size_of,
)
from navsync.api.requests import LONGEST_WAIT_S, parse, public_id, query, raw_body, wait_of
from navsync.api.routes import PREFIX, Call, Guard, Limited, Nothing, Route, Routes, Trail, Windows, resolver

__all__ = [
    "LONGEST_WAIT_S",
    "PREFIX",
    "ROLES",
    "Call",
    "Caller",
    "Guard",
    "Limited",
    "Nothing",
    "Problem",
    "Route",
    "Routes",
    "Trail",
    "Windows",
    "caller",
    "forbidden",
    "hash_of_style",
    "invalid",
    "json_response",
    "not_found",
    "parse",
    "problem_response",
    "public_id",
    "query",
    "raw_body",
    "resolver",
    "size_of",
    "wait_of",
]
