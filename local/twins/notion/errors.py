"""What Notion says when it refuses: status, code and text of each refusal."""

import json
from typing import Final

from local.twins.notion.wire import JsonObject


class ApiError(Exception):
    """A refusal that becomes Notion's standard error envelope."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        additional_data: JsonObject | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.additional_data = additional_data
        self.headers = headers or {}

    def envelope(self, request_id: str) -> JsonObject:
        """The body of the answer."""
        extra = {} if self.additional_data is None else {"additional_data": self.additional_data}
        head = {"object": "error", "status": self.status, "code": self.code, "message": self.message}
        return head | extra | {"request_id": request_id}


class Edge(Exception):
    """A refusal by what stands in front of Notion: a page of HTML, without Notion's envelope and request id."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the edge answered {status}")
        self.status = status


class Undefined:
    """JavaScript's undefined, which Notion's texts name where a key is absent."""


UNDEFINED: Final = Undefined()


def shown(value: object) -> str:
    """A value as the texts print it, between backticks."""
    if isinstance(value, Undefined):
        return "`undefined`"
    return f"`{json.dumps(value, ensure_ascii=False, separators=(',', ':'))}`"


def invalid_json() -> ApiError:
    """The body is no JSON."""
    return ApiError(400, "invalid_json", "Error parsing JSON body.")


def invalid_request_url() -> ApiError:
    """No such route, or not with this method."""
    return ApiError(400, "invalid_request_url", "Invalid request URL.")


def missing_authorization() -> ApiError:
    """The Authorization header is absent or not a bearer token."""
    return ApiError(401, "unauthorized", 'Authorization header must use the format "Bearer <token>".')


def unauthorized() -> ApiError:
    """The token is unknown, revoked or replaced."""
    return ApiError(401, "unauthorized", "API token is invalid.")


def insufficient() -> ApiError:
    """The connection lacks the capability that this endpoint needs."""
    return ApiError(403, "restricted_resource", "Insufficient permissions for this endpoint.")


def missing_version() -> ApiError:
    """The version header is absent."""
    text = "Notion-Version header failed validation: Notion-Version header should be defined, instead was `undefined`."
    return ApiError(400, "missing_version", text)


def unknown_version(given: str, known: tuple[str, ...], code: str) -> ApiError:
    """The version header names no version; *known* ones are named (the exact text is not documented)."""
    wanted = " or ".join(f'`"{version}"`' for version in known) or "a valid version"
    should = f"Notion-Version header should be {wanted}, instead was {shown(given)}."
    return ApiError(400, code, f"Notion-Version header failed validation: {should}")


def validation(message: str) -> ApiError:
    """A refusal with a text of its own."""
    return ApiError(400, "validation_error", message)


def failed(where: str, findings: list[str]) -> ApiError:
    """The shape of *where* (body, path or query) is wrong; *findings* are one sentence each."""
    if len(findings) == 1:
        return validation(f"{where} failed validation: {findings[0]}")
    return validation(f"{where} failed validation. Fix one:\n" + "\n".join(findings))


def not_found(kind: str, identifier: str, *, wording: str, connection: str, bot_id: str | None) -> ApiError:
    """Never existed, gone for good or not shared: indistinguishable on purpose."""
    text = (
        f"Could not find {kind} with ID: {identifier}. Make sure the relevant pages and databases are shared "
        f'with your {wording} "{connection}".'
    )
    extra = None if bot_id is None else {"integration_id": bot_id}
    return ApiError(404, "object_not_found", text, extra)


def locked() -> ApiError:
    """An edit of a locked page, where the switch says that it is refused (no text is documented)."""
    return validation("Can't edit a page that is locked. You must unlock the page before editing.")


def bad_cursor(where: str, given: object, wording: str) -> ApiError:
    """A cursor of another list, or none at all."""
    if wording == "newer":
        return validation(f"The start_cursor provided is invalid: {given}")
    return failed(where, [f"{where}.start_cursor should be a valid uuid or `undefined`, instead was {shown(given)}."])


def free_blocks_used_up() -> ApiError:
    """A workspace of several people without a paid plan can make no more blocks; edits of properties still work."""
    text = (
        "This workspace has used all of its free blocks. Upgrade its plan in Notion to create more content. "
        "Learn more: https://www.notion.com/help/understanding-block-usage"
    )
    return ApiError(403, "restricted_resource", text, {"block_limit": "block_creation"})


def in_trash() -> ApiError:
    """Trashed things can only be restored."""
    return validation("Can't edit block that is archived. You must unarchive the block before editing.")


def below_trash() -> ApiError:
    """What went into the trash with what contains it comes out with that. Others have met this text; no page has it."""
    return validation(
        "Can't edit page on block with an archived ancestor. You must unarchive the ancestor before editing page."
    )


def rate_limited(reason: str, retry_after: int | None) -> ApiError:
    """The budget of this window is used up, or calls are blocked for good, which has no end to wait for."""
    pause = {} if retry_after is None else {"retry_after": str(retry_after)}
    return ApiError(
        429,
        "rate_limited",
        "You have been rate limited. Please try again later.",
        {"rate_limit_reason": reason} | pause,
        {name.replace("_", "-"): value for name, value in pause.items()},
    )


def too_large() -> ApiError:
    """The payload exceeds 500 kB (the exact text is not documented)."""
    return validation("body failed validation: body.length should be ≤ `500000` bytes.")


def unexpected() -> ApiError:
    """The twin itself failed."""
    return ApiError(500, "internal_server_error", "Unexpected error occurred.")
