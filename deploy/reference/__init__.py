"""The pages a developer reads: the reference out of the document, the guides beside it.

Rendered here and not in the browser, once for each version of the document, so that the first
operation is on the screen when the first bytes are. It imports the document as data and no service.
"""
