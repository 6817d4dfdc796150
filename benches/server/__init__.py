"""Requests a second, latency, memory and start of the server beside others: bench-server."""
