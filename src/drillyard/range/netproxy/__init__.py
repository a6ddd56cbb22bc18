"""A TCP proxy between components that speaks Toxiproxy's HTTP API, so that its clients work on it.

https://github.com/Shopify/toxiproxy has the API and the toxics' meaning. Only loopback addresses are proxied.
"""
