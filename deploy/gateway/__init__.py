"""One origin for all services: a proxy, one OpenAPI document, its pages, and health of the whole.

On one machine it carries all traffic. In containers nginx does, and asks it only for the document,
the pages and the health.
"""
