"""`make clients`: our TypeScript and Python packages, made from the document.

`operations` reads the document into operations, `python_*` and `typescript_*` write them down, and
`build` compiles and packs. What a person writes is in `clients/`.
"""
