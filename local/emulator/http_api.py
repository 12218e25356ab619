# ruff: noqa: SLF001 - a patch reaches into what it patches; vendor.py pins it
"""What does an HTTP API of AWS do that the emulator's does not?

SAM writes routes, integrations and authorizers into the API's OpenAPI body, which the emulator ignores. It
also answers a failed function with 502 and the error's text, where AWS says 500 and nothing, and passes
cookies as a header, where AWS passes them as a list.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from local.emulator.provisioning import Properties, after_provisioning, answer_of
from local.emulator.vendor import apigateway, lambda_svc, provisioners

type Json = dict[str, Any]
type Authorizers = Mapping[str, tuple[str, str]]

INTERNAL_ERROR = {
    "statusCode": 500,
    "headers": {"Content-Type": "application/json"},
    "body": '{"message":"Internal Server Error"}',
}


def install() -> None:
    """Import bodies of HTTP APIs, and pass requests and answers in AWS's shape."""
    after_provisioning("AWS::ApiGatewayV2::Api", import_body)
    _answer_failures_as_aws_does()
    _pass_cookies_as_a_list()


def import_body(api_id: str, properties: Properties) -> None:
    """Create what the OpenAPI body of an API describes, instead of what it described before."""
    body = properties.get("Body") or {}
    _set_cors(api_id, body, properties)
    if not body:
        return
    for kind in (apigateway._routes, apigateway._integrations, apigateway._authorizers):
        kind[api_id] = {}
    authorizers = {name: _authorizer(api_id, name, scheme) for name, scheme in _security_schemes(body)}
    for path, method, operation in _operations(body):
        _route(api_id, route_key(path, method), operation, authorizers)


def route_key(path: str, method: str) -> str:
    """Name a route as API Gateway does, from its place in the OpenAPI body."""
    if path == "/$default" or path == "$default":
        return "$default"
    verb = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
    return f"{verb} {path}"


def _set_cors(api_id: str, body: Json, properties: Properties) -> None:
    api = apigateway._apis[api_id]
    api.pop("corsConfiguration", None)
    written = body.get("x-amazon-apigateway-cors")
    cors = written or provisioners._pascal_to_camel(properties.get("CorsConfiguration") or {})
    if not isinstance(cors, dict):
        # SAM takes `AllowOrigins: !Ref …` for the whole configuration; API Gateway then refuses the body.
        raise TypeError(f"the API's CORS configuration is {cors!r}: write AllowOrigins as a list in the template")
    if cors:
        api["corsConfiguration"] = cors


def _security_schemes(body: Json) -> Iterator[tuple[str, Json]]:
    schemes = body.get("components", {}).get("securitySchemes", {})
    return ((name, scheme["x-amazon-apigateway-authorizer"]) for name, scheme in schemes.items())


def _operations(body: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in body.get("paths", {}).items():
        for method, operation in methods.items():
            if isinstance(operation, dict) and "x-amazon-apigateway-integration" in operation:
                yield path, method, operation


def _authorizer(api_id: str, name: str, scheme: Json) -> tuple[str, str]:
    source, is_jwt = scheme.get("identitySource", []), scheme["type"].lower() == "jwt"
    wanted = scheme | {
        "name": name,
        "authorizerType": "JWT" if is_jwt else "REQUEST",
        "identitySource": [source] if isinstance(source, str) else source,
    }
    made = answer_of(apigateway._create_authorizer(api_id, wanted))
    return ("JWT" if is_jwt else "CUSTOM", made["authorizerId"])


def _route(api_id: str, key: str, operation: Json, authorizers: Authorizers) -> None:
    integration = operation["x-amazon-apigateway-integration"]
    wanted = integration | {
        "integrationType": integration["type"].upper(),
        "integrationUri": integration["uri"],
        "integrationMethod": "POST",
    }
    made = answer_of(apigateway._create_integration(api_id, wanted))
    route: Json = {"routeKey": key, "target": f"integrations/{made['integrationId']}"}
    for name, scopes in next(iter(operation.get("security") or [{}])).items():
        if name == "NONE":  # what SAM writes for a route that opts out of the default authorizer
            continue
        kind, authorizer_id = authorizers[name]
        route |= {"authorizationType": kind, "authorizerId": authorizer_id, "authorizationScopes": scopes}
    answer_of(apigateway._create_route(api_id, route))


def _answer_failures_as_aws_does() -> None:
    shape = lambda_svc.lambda_execute_result_to_api_proxy_response

    def shaped(result: Json) -> tuple[Json | None, str | None]:
        response, error = shape(result)
        failed = result.get("error") and response and response.get("statusCode") == 502
        return (INTERNAL_ERROR, error) if failed else (response, error)

    lambda_svc.lambda_execute_result_to_api_proxy_response = shaped


def with_cookie_list(event: Any) -> Any:
    """Move the cookie header of a format 2.0 request into its ``cookies`` list."""
    if not (isinstance(event, dict) and event.get("version") == "2.0" and "cookie" in event.get("headers", {})):
        return event
    headers = {name: value for name, value in event["headers"].items() if name != "cookie"}
    cookies = [cookie for cookie in event["headers"]["cookie"].split("; ") if cookie]
    return event | {"headers": headers, "cookies": cookies}


def _pass_cookies_as_a_list() -> None:
    dispatch = lambda_svc._execute_function_dispatch

    def dispatched(func: Json, config: Json, event: Any, *rest: Any) -> Any:
        return dispatch(func, config, with_cookie_list(event), *rest)

    lambda_svc._execute_function_dispatch = dispatched
