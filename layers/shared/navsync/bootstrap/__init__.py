"""Settings → what a function works with: the only place that builds clients.

One module for each function, named like it, so that each loads only what it needs: a function that starts keeps its
caller waiting, and most of that is imports.
"""
