"""Stand-ins for the providers, speaking the real protocols: what demonstrations and tests send to.

They keep what they received, show it over HTTP, and misbehave on request. Threads and plain sockets, so that the same code runs in a
process of its own and inside an eventlet process.
"""
