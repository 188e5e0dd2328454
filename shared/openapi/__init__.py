"""The OpenAPI documents that services publish, made right by construction.

FastAPI describes what an operation takes and gives. This package adds what follows from how the
operation is declared (who may use it, how it can refuse, which headers come with its answers) and
what is the same everywhere (the words for common fields, the names of components). It imports
`shared.web`; `shared.app`, the gateway, checks and whoever answers a document import it.
"""
