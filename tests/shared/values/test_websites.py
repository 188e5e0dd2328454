"""A website is one thing however it is written, and what is none is refused."""

import pytest

from shared.values.websites import NotAHost, host_of, url_of


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("acme.example", "acme.example"),
        ("  https://Acme.Example/ ", "acme.example"),
        ("https://www.acme.example/path?q=1#top", "acme.example"),
        ("http://www.acme.example:8080", "acme.example"),
        ("acme.example:8080/path", "acme.example"),
        ("//acme.example/path", "acme.example"),
        ("acme.example.", "acme.example"),
        ("www.example", "www.example"),
        ("shop.acme.co.example", "shop.acme.co.example"),
        ("müller.example", "müller.example"),
        ("MÜLLER.example", "müller.example"),
        ("xn--mller-kva.example", "müller.example"),
        ("https://faß.example", "faß.example"),
        *(
            (text, None)
            for text in (
                "",
                "acme",
                "n/a",
                "acme.example, beta.example",
                "acme.example,beta.example",
                "acme.example; beta.example",
                "acme.example;beta.example",
                "acme.example beta.example",
                "http://[acme.example",
                "http://[::1]/",
                "10.0.0.1",
                "ann@acme.example",
                "https://ann:secret@acme.example",
                "mailto:ann@acme.example",
                "ftp://acme.example",
                "javascript:alert(1)",
                "acme..example",
                ".acme.example",
                "-acme.example",
                "acme_1.example",
                "acme.example\x00",
                "acme.example\nbeta.example",
                "https://",
                "http://acme.example:port",
                f"{'a' * 64}.example",
                ".".join(["abcdefgh"] * 40),
            )
        ),
    ],
)
def test_a_website_names_one_host_or_none(text: str, host: str | None) -> None:
    try:
        found: str | None = host_of(text)
    except NotAHost:
        found = None
    assert found == host


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("www.acme.example/about", "https://www.acme.example/about"),
        ("http://acme.example", "http://acme.example"),
        ("acme.example:8080", "https://acme.example:8080"),
        ("http://wiki/start", "http://wiki/start"),
        ("https://10.0.0.1:8443/x", "https://10.0.0.1:8443/x"),
        ("https://", None),
        ("not a website", None),
        ("acme", None),
    ],
)
def test_a_scheme_is_put_only_before_a_host(text: str, url: str | None) -> None:
    try:
        found: str | None = url_of(text)
    except NotAHost:
        found = None
    assert found == url
