"""One request as curl, as Python with its standard library alone, and as TypeScript."""

import json
from dataclasses import dataclass
from typing import Any

from deploy.reference.document import Json, Operation
from deploy.reference.schemas import content_example, example_of

_KEY = "Idempotency-Key"


@dataclass(frozen=True)
class Sample:
    language: str
    title: str
    code: str


@dataclass(frozen=True)
class Call:
    """One request, filled in with examples."""

    method: str
    path: str
    """With examples for what the path names, and what the query must have."""
    headers: dict[str, str]
    body: str
    is_public: bool


def call_of(document: Json, operation: Operation) -> Call:
    path = operation.path
    for parameter in operation.parameters_in("path"):
        value = _value(document, parameter)
        path = path.replace(f"{{{parameter['name']}}}", value)
    needed = [each for each in operation.parameters_in("query") if each.get("required")]
    query = "&".join(f"{each['name']}={_value(document, each)}" for each in needed)
    headers = {}
    for parameter in operation.parameters_in("header"):
        name = parameter["name"].title()
        if name == "If-Match":
            headers[name] = '"v1"'
        elif name == _KEY:
            headers[name] = f"{operation.id.replace('_', '-')}-1"
        elif parameter.get("required") and name != "Authorization":
            headers[name] = _value(document, parameter)
    body = ""
    for media_type, content in operation.body.items():
        headers["Content-Type"] = media_type
        body = text_of(content_example(document, content))
        break
    return Call(
        operation.method, path + (f"?{query}" if query else ""), headers, body, operation.is_public
    )


def _value(document: Json, parameter: Json) -> str:
    for key in ("example",):
        if key in parameter:
            return str(parameter[key])
    for example in parameter.get("examples", {}).values():
        if "value" in example:
            return str(example["value"])
    return str(example_of(document, parameter.get("schema", {})))


def text_of(example: Any) -> str:
    if isinstance(example, str):
        return example
    return json.dumps(example, indent=2, ensure_ascii=False)


def samples(document: Json, operation: Operation) -> list[Sample]:
    call = call_of(document, operation)
    return [
        Sample("sh", "curl", _curl(call)),
        Sample("python", "Python", _python(call)),
        Sample("ts", "TypeScript", _typescript(call)),
    ]


def _curl(call: Call) -> str:
    method = "" if call.method == "GET" or (call.method == "POST" and call.body) else call.method
    lines = [f'curl -s {f"-X {method} " if method else ""}"$TENURE{call.path}"']
    if not call.is_public:
        lines.append('-H "Authorization: Bearer $KEY"')
    lines += [f"-H '{name}: {value}'" for name, value in call.headers.items()]
    if call.body:
        quoted = call.body.replace("'", "'\\''")
        lines.append(f"--data-binary '{quoted}'")
    return " \\\n  ".join(lines)


def _python(call: Call) -> str:
    headers = [f"        {json.dumps(n)}: {_python_string(v)}," for n, v in call.headers.items()]
    if not call.is_public:
        headers.insert(0, '        "Authorization": f"Bearer {os.environ[\'KEY\']}",')
    data = f"    data={_python_body(call.body)},\n" if call.body else ""
    return (
        "import json\nimport os\nimport urllib.request\n\n"
        f'request = urllib.request.Request(\n    os.environ["TENURE"] + {json.dumps(call.path)},\n'
        f"    method={json.dumps(call.method)},\n"
        + ("    headers={\n" + "\n".join(headers) + "\n    },\n" if headers else "")
        + f"{data})\n"
        "with urllib.request.urlopen(request) as answer:\n"
        "    print(answer.status, answer.read().decode())"
    )


def _python_string(value: str) -> str:
    return repr(value) if '"' in value else json.dumps(value)


def _python_body(body: str) -> str:
    try:
        value = json.loads(body)
    except ValueError:
        return f"{body!r}.encode()"
    text = "\n    ".join(_python_literal(value).splitlines())
    return f"json.dumps({text}).encode()"


def _python_literal(value: Any, indent: str = "") -> str:
    inner = indent + "    "
    if isinstance(value, dict) and value:
        rows = [f"{inner}{json.dumps(k)}: {_python_literal(v, inner)},\n" for k, v in value.items()]
        return "{\n" + "".join(rows) + indent + "}"
    if isinstance(value, list) and value:
        rows = [f"{inner}{_python_literal(each, inner)},\n" for each in value]
        return "[\n" + "".join(rows) + indent + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return repr(value)


def _typescript(call: Call) -> str:
    headers = [f"    {json.dumps(name)}: {json.dumps(v)}," for name, v in call.headers.items()]
    if not call.is_public:
        headers.insert(0, "    Authorization: `Bearer ${process.env.KEY}`,")
    parts = [] if call.method == "GET" else [f"  method: {json.dumps(call.method)},"]
    if headers:
        parts.append("  headers: {\n" + "\n".join(headers) + "\n  },")
    if call.body:
        parts.append(f"  body: {_typescript_body(call.body)},")
    options = ", {\n" + "\n".join(parts) + "\n}" if parts else ""
    return (
        f"const answer = await fetch(`${{process.env.TENURE}}{call.path}`{options});\n"
        "if (!answer.ok) throw new Error(await answer.text());\n"
        "console.log(answer.status, await answer.text());"
    )


def _typescript_body(body: str) -> str:
    try:
        json.loads(body)
    except ValueError:
        return json.dumps(body)
    return f"JSON.stringify({body})".replace("\n", "\n  ")
