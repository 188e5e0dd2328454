"""How Tenure is run: on one machine, in containers, in a cluster.

The image has the modules beside this one and `gateway`. The rest is for people who work on Tenure:
`local` is `make up`, on `servers` and `machine`; `demo` plays a story on it; `dependencies` are
installed and locked; `checks` and `bench` judge the code.
"""
